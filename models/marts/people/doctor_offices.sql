select
    doctor_office_id,
    legacy_office_doctors_id,
    doctor_id,
    office_id
from {{ ref('int_doctor_offices__triaged') }}
where disposition = 'migrated'
