{{ migrated_rows(ref('int_doctor_notes__triaged')) }}
