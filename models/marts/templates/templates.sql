select
    template_id,
    cast(legacy_template_id as integer) as legacy_template_id,
    cast(legacy_category_id as integer) as legacy_category_id,
    category_id,
    task_name,
    action_name,
    text_name,
    cast(legacy_function as integer) as legacy_function,
    trigger_status,
    cast(legacy_status as integer) as legacy_status,
    cast(duration_minutes as integer) as duration_minutes,
    extensions,
    cast(alerts as integer) as alerts,
    is_predefined,
    is_read_only,
    is_separate
from {{ ref('int_templates__triaged') }}
where disposition = 'migrated'
