select
    patient_id,
    cast(legacy_patient_id as integer) as legacy_patient_id,
    cast(legacy_doctor_user_id as integer) as legacy_doctor_user_id,
    cast(legacy_office_id as integer) as legacy_office_id,
    profile_id,
    doctor_id,
    office_id,
    patient_number,
    suffix,
    cast(birth_date as date) as birth_date,
    sex,
    cast(legacy_status as integer) as legacy_status,
    is_archived,
    is_suspended,
    schemes,
    is_schemes_malformed,
    submitted_at,
    updated_at
from {{ ref('int_patients__triaged') }}
where disposition = 'migrated'
