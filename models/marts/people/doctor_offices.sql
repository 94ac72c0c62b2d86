{{ migrated_rows(ref('int_doctor_offices__triaged')) }}
