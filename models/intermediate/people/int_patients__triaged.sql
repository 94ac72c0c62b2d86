with

patients as (
    {{ numbered_duplicates(ref('stg_dispatch__patients'), ['legacy_patient_id']) }}
),

profiles as (
    select * from {{ ref('profiles') }}
),

doctors as (
    select * from {{ ref('doctors') }}
),

offices as (
    select * from {{ ref('offices') }}
),

sexes as (
    select * from {{ ref('sexes') }}
),

referenced as (
    select
        patients.*,
        profiles.profile_id,
        doctors.doctor_id,
        offices.office_id,
        {{ decoded('patients.sex_code', 'sexes.sex') }} as sex
    from patients
    left join profiles on patients.legacy_user_id = profiles.legacy_user_id
    left join doctors on patients.legacy_doctor_user_id = doctors.legacy_user_id
    left join offices on patients.legacy_office_id = offices.legacy_office_id
    left join sexes on patients.sex_code = sexes.sex_code
),

checked as (
    select
        *,
        case
            when legacy_patient_id is null then 'legacy_id_not_given'
            when occurrence > 1 then 'duplicate_legacy_id'
            when profile_id is null then 'profile_not_migrated'
            when {{ any_missing(['is_archived', 'is_suspended']) }} then 'required_value_missing'
            when {{ any_out_of_range(
                dates=['submitted_at', 'updated_at'],
                days=['birth_date'],
                integers=['legacy_patient_id', 'legacy_doctor_user_id', 'legacy_office_id', 'status_code'],
            ) }} then 'value_out_of_range'
        end as own_reason
    from referenced
),

-- Only valid rows are compared for the same user: an invalid second record must not reject the valid one.
reasoned as (
    select
        *,
        case
            when own_reason is not null then own_reason
            when {{ occurrence_number('checked', ['legacy_user_id', 'own_reason']) }} > 1 then 'duplicate_natural_key'
        end as reason
    from checked
)

select
    {{ entity_key('patients', 'legacy_patient_id') }} as patient_id,
    legacy_patient_id,
    legacy_user_id,
    legacy_doctor_user_id,
    legacy_office_id,
    profile_id,
    doctor_id,
    office_id,
    'PAT-' || {{ zero_padded('legacy_patient_id', 6) }} as patient_number,
    suffix,
    birth_date,
    sex,
    status_code as legacy_status,
    is_archived,
    is_suspended,
    {{ to_json('schemes_json') }} as schemes,
    schemes_json is not null and {{ to_json('schemes_json') }} is null as is_schemes_malformed,
    submitted_at,
    updated_at,
    {{ disposition('reason') }} as disposition,
    reason
from reasoned
