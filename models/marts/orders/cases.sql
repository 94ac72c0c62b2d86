{{ migrated_rows(ref('int_cases__triaged')) }}
