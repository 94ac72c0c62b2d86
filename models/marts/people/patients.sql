{{ migrated_rows(ref('int_patients__triaged')) }}
