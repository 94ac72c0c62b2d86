-- The columns that refer to legacy rows whose marts have numbers, by the content type of these rows.
{%- set references = {
    'dispatch.instruction': {
        'dispatch_instruction': ['id'],
        'dispatch_state': ['instruction_id'],
        'dispatch_plan': ['instruction_id'],
        'dispatch_payment': ['instruction_id'],
        'dispatch_file': ['instruction_id'],
        'dispatch_task': ['instruction_id'],
    },
    'dispatch.patient': {
        'dispatch_patient': ['id'],
        'dispatch_instruction': ['patient_id'],
    },
    'auth.user': {
        'auth_user': ['id'],
        'auth_user_groups': ['user_id'],
        'auth_user_user_permissions': ['user_id'],
        'dispatch_role': ['user_id'],
        'dispatch_doctorsetting': ['user_id'],
        'dispatch_office_doctors': ['user_id'],
        'dispatch_patient': ['user_id', 'doctor_id'],
        'dispatch_state': ['actor_id'],
        'dispatch_project': ['creator_id'],
        'dispatch_payment': ['doctor_id'],
        'dispatch_task': ['actor_id'],
        'dispatch_record': ['author_id'],
        'dispatch_comment': ['author_id'],
        'dispatch_note': ['author_id', 'doctor_id'],
        'dispatch_offer': ['doctor_id'],
        'dispatch_notification': ['recipient_id'],
    },
} %}
with

content_types as (
    select * from {{ source('django', 'django_content_type') }}
),

found as (
    {%- for row, tables in references.items() %}
    {%- for table, columns in tables.items() %}
    {%- for column in columns %}
    select
        '{{ row.split('.')[0] }}' as app_label,
        '{{ row.split('.')[1] }}' as model,
        '{{ table }}' as legacy_table,
        '{{ column }}' as legacy_column,
        max(case when {{ any_out_of_range(integers=[column]) }} then null else {{ column }} end) as largest_id,
        count(case when {{ any_out_of_range(integers=[column]) }} then 1 end) as ignored_ids
    from {{ source('django' if table.startswith('auth_') else 'dispatch', table) }}
    union all
    {%- endfor %}
    {%- endfor %}
    {%- endfor %}
    {%- for table, reference in {'dispatch_record': 'target', 'dispatch_notification': 'item'}.items() %}
    {%- set column = reference ~ '_id' %}
    select
        content_types.app_label,
        content_types.model,
        '{{ table }}' as legacy_table,
        '{{ column }}' as legacy_column,
        max(case when {{ any_out_of_range(integers=[column]) }} then null else {{ column }} end) as largest_id,
        count(case when {{ any_out_of_range(integers=[column]) }} then 1 end) as ignored_ids
    from (select * from {{ source('dispatch', table) }}) as legacy
    inner join content_types on legacy.{{ reference }}_type_id = content_types.id
    group by content_types.app_label, content_types.model
    {{ 'union all' if not loop.last }}
    {%- endfor %}
)

select
    'legacy_' || model || '_id' as legacy_id,
    legacy_table,
    legacy_column,
    cast(coalesce(largest_id, 0) as integer) as largest_id,
    ignored_ids
from found
where
    app_label || '.' || model in (
        {%- for row in references %}
        '{{ row }}'{{ ',' if not loop.last }}
        {%- endfor %}
    )
