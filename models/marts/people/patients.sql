select
    patient_id,
    legacy_patient_id,
    legacy_doctor_user_id,
    legacy_office_id,
    profile_id,
    doctor_id,
    office_id,
    patient_number,
    suffix,
    birth_date,
    sex,
    legacy_status,
    is_archived,
    is_suspended,
    schemes,
    is_schemes_malformed,
    submitted_at,
    updated_at
from {{ ref('int_patients__triaged') }}
where disposition = 'migrated'
