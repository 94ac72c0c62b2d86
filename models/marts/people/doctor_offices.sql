select
    doctor_office_id,
    cast(legacy_office_doctors_id as integer) as legacy_office_doctors_id,
    doctor_id,
    office_id
from {{ ref('int_doctor_offices__triaged') }}
where disposition = 'migrated'
