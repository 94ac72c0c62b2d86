with

instructions as (
    {{ numbered_duplicates(ref('stg_dispatch__instructions'), ['legacy_instruction_id']) }}
),

patients as (
    select * from {{ ref('patients') }}
),

courses as (
    select * from {{ ref('courses') }}
),

order_statuses as (
    select * from {{ ref('order_statuses') }}
),

referenced as (
    select
        instructions.*,
        patients.patient_id,
        patients.doctor_id,
        patients.office_id,
        patients.suffix as patient_suffix,
        patients.legacy_doctor_user_id,
        courses.course_id,
        {{ decoded('instructions.status_code', 'order_statuses.status') }} as status
    from instructions
    left join patients
        on instructions.legacy_patient_id = patients.legacy_patient_id
    left join courses
        on instructions.legacy_course_id = courses.legacy_course_id
    left join order_statuses
        on instructions.status_code = order_statuses.status_code
),

reasoned as (
    select
        *,
        case
            when legacy_instruction_id is null then 'legacy_id_not_given'
            when occurrence > 1 then 'duplicate_legacy_id'
            when is_deleted then 'order_deleted'
            when patient_id is null then 'patient_not_migrated'
            when legacy_doctor_user_id is null then 'doctor_not_given'
            when doctor_id is null then 'doctor_not_migrated'
            when {{ any_missing(['status', 'is_deleted', 'is_comprehensive', 'has_cbct', 'is_extraction_accepted']) }}
                then 'required_value_missing'
            when {{ any_out_of_range(
                dates=['submitted_at', 'updated_at'],
                amounts=['price'],
                integers=[
                    'legacy_instruction_id', 'legacy_course_id', 'status_code', 'sort_order', 'scanner_code',
                    'model_code',
                ],
            ) }} then 'value_out_of_range'
        end as reason
    from referenced
)

select
    {{ entity_key('orders', 'legacy_instruction_id') }} as order_id,
    legacy_instruction_id,
    legacy_patient_id,
    legacy_doctor_user_id,
    legacy_course_id,
    legacy_upper_jaw_id,
    legacy_lower_jaw_id,
    patient_id,
    doctor_id,
    office_id,
    course_id,
    concat_ws('-', patient_suffix, cast(legacy_instruction_id as {{ dbt.type_string() }})) as order_number,
    status,
    status_code as legacy_status,
    sort_order,
    suffix,
    complaint,
    objective,
    conditions,
    notes,
    scanner_code as legacy_scanner,
    scanner_notes,
    model_code as legacy_model,
    {{ to_json('exports_json') }} as exports,
    exports_json is not null and {{ to_json('exports_json') }} is null as is_exports_malformed,
    price,
    is_comprehensive,
    has_cbct,
    is_extraction_accepted,
    submitted_at,
    updated_at,
    -- The legacy system kept one time, that of the last change of status.
    case when status_code >= 2 and status <> 'unmapped' then updated_at end as approved_at,
    case when status = 'shipped' then updated_at end as shipped_at,
    {{ disposition('reason', excluding=['order_deleted']) }} as disposition,
    reason
from reasoned
