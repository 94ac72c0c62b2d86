-- A case represents its patient, so it has the disposition of the patient.
select
    {{ entity_key('cases', 'legacy_patient_id') }} as case_id,
    legacy_patient_id,
    legacy_doctor_user_id,
    patient_id,
    doctor_id,
    concat_ws('-', 'CASE', suffix, cast(legacy_patient_id as {{ dbt.type_string() }})) as case_number,
    is_archived or is_suspended as is_closed,
    submitted_at as opened_at,
    updated_at,
    disposition,
    reason
from {{ ref('int_patients__triaged') }}
