select
    technicians.specialty,
    technicians.legacy_user_id,
    technicians.is_active,
    count(tasks.task_id) as completed_tasks,
    count(distinct tasks.order_id) as orders,
    cast(max(tasks.done_at at time zone 'UTC') as date) as last_task_on
from {{ analytics('technicians') }} as technicians
left join {{ analytics('tasks') }} as tasks
    on technicians.profile_id = tasks.actor_profile_id and tasks.status = 'completed'
group by technicians.specialty, technicians.legacy_user_id, technicians.is_active
order by completed_tasks desc, technicians.legacy_user_id asc
