select
    task_id,
    legacy_task_id,
    legacy_file_id,
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
