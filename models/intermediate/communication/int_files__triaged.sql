with

files as (
    {{ numbered_duplicates(ref('stg_dispatch__files'), ['legacy_file_id']) }}
),

orders as (
    select * from {{ ref('orders') }}
),

messages as (
    select * from {{ ref('messages') }}
),

reasoned as (
    select
        files.*,
        orders.order_id,
        messages.message_id,
        case
            when files.legacy_file_id is null then 'legacy_id_not_given'
            when files.occurrence > 1 then 'duplicate_legacy_id'
            when {{ any_missing(['files.uid', 'files.size_bytes', 'files.type_code', 'files.created_at']) }}
                then 'required_value_missing'
            when {{ any_out_of_range(
                dates=['files.created_at'],
                integers=[
                    'files.legacy_file_id', 'files.legacy_instruction_id', 'files.legacy_record_id',
                    'files.type_code', 'files.status_code',
                ],
                bigints=['files.size_bytes'],
            ) }} then 'value_out_of_range'
        end as reason
    from files
    left join orders on files.legacy_instruction_id = orders.legacy_instruction_id
    left join messages on files.legacy_record_id = messages.legacy_record_id
)

select
    {{ entity_key('files', 'legacy_file_id') }} as file_id,
    legacy_file_id,
    legacy_instruction_id,
    legacy_record_id,
    order_id,
    message_id,
    uid as legacy_uid,
    name as file_name,
    -- Stored with its dot, and sometimes twice: '.stl.stl'.
    nullif({{ lower_case(dbt.split_part('ext', "'.'", -1)) }}, '') as file_extension,
    size_bytes,
    type_code as legacy_type,
    status_code as legacy_status,
    {{ to_json('parameters_json') }} as parameters,
    coalesce(parameters_json, '') <> '' and {{ to_json('parameters_json') }} is null as is_parameters_malformed,
    created_at,
    {{ disposition('reason') }} as disposition,
    reason
from reasoned
