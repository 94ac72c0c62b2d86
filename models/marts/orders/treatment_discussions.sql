{{ migrated_rows(ref('int_treatment_discussions__triaged')) }}
