select
    template_id,
    legacy_template_id,
    legacy_category_id,
    category_id,
    task_name,
    action_name,
    text_name,
    legacy_function,
    trigger_status,
    legacy_status,
    duration_minutes,
    extensions,
    alerts,
    is_predefined,
    is_read_only,
    is_separate
from {{ ref('int_templates__triaged') }}
where disposition = 'migrated'
