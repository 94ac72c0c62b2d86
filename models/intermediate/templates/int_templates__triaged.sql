with

templates as (
    {{ numbered_duplicates(ref('stg_dispatch__templates'), ['legacy_template_id']) }}
),

categories as (
    select * from {{ ref('categories') }}
),

order_statuses as (
    select * from {{ ref('order_statuses') }}
),

reasoned as (
    select
        templates.*,
        categories.category_id,
        {{ decoded('templates.status_code', 'order_statuses.status') }} as trigger_status,
        case
            when templates.legacy_template_id is null then 'legacy_id_not_given'
            when templates.occurrence > 1 then 'duplicate_legacy_id'
            when {{ any_missing(['templates.is_predefined', 'templates.is_read_only', 'templates.is_separate']) }}
                then 'required_value_missing'
            when {{ any_out_of_range(
                integers=[
                    'templates.legacy_template_id', 'templates.legacy_category_id', 'templates.function_code',
                    'templates.status_code', 'templates.duration_minutes', 'templates.alerts',
                ],
            ) }} then 'value_out_of_range'
        end as reason
    from templates
    left join categories
        on templates.legacy_category_id = categories.legacy_category_id
    left join order_statuses
        on templates.status_code = order_statuses.status_code
)

select
    {{ entity_key('templates', 'legacy_template_id') }} as template_id,
    legacy_template_id,
    legacy_category_id,
    category_id,
    task_name,
    action_name,
    text_name,
    function_code as legacy_function,
    trigger_status,
    status_code as legacy_status,
    duration_minutes,
    extensions,
    alerts,
    is_predefined,
    is_read_only,
    is_separate,
    {{ disposition('reason') }} as disposition,
    reason
from reasoned
