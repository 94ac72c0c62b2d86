select
    case_id,
    cast(legacy_patient_id as integer) as legacy_patient_id,
    patient_id,
    doctor_id,
    case_number,
    is_closed,
    opened_at,
    updated_at
from {{ ref('int_cases__triaged') }}
where disposition = 'migrated'
