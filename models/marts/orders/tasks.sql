select
    task_id,
    cast(legacy_task_id as integer) as legacy_task_id,
    cast(legacy_file_id as integer) as legacy_file_id,
    order_id,
    template_id,
    treatment_plan_id,
    actor_profile_id,
    status,
    jaw_side,
    body,
    done_at
from {{ ref('int_tasks__triaged') }}
where disposition = 'migrated'
