with

office_doctors as (
    {{ numbered_duplicates(ref('stg_dispatch__office_doctors'), ['legacy_office_doctors_id']) }}
),

doctors as (
    select * from {{ ref('doctors') }}
),

offices as (
    select * from {{ ref('offices') }}
),

reasoned as (
    select
        office_doctors.*,
        doctors.doctor_id,
        offices.office_id,
        case
            when office_doctors.legacy_office_doctors_id is null then 'legacy_id_not_given'
            when office_doctors.occurrence > 1 then 'duplicate_legacy_id'
            when doctors.doctor_id is null then 'doctor_not_migrated'
            when offices.office_id is null then 'office_not_migrated'
            when {{ occurrence_number('office_doctors', ['legacy_office_id', 'legacy_user_id', 'occurrence']) }} > 1
                then 'duplicate_natural_key'
            when {{ any_out_of_range(integers=['office_doctors.legacy_office_doctors_id']) }} then 'value_out_of_range'
        end as reason
    from office_doctors
    left join doctors on office_doctors.legacy_user_id = doctors.legacy_user_id
    left join offices on office_doctors.legacy_office_id = offices.legacy_office_id
)

select
    {{ entity_key('doctor_offices', 'legacy_office_doctors_id') }} as doctor_office_id,
    legacy_office_doctors_id,
    legacy_user_id,
    legacy_office_id,
    doctor_id,
    office_id,
    {{ disposition('reason') }} as disposition,
    reason
from reasoned
