{{ migrated_rows(ref('int_treatment_plans__triaged')) }}
