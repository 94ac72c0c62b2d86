{{ migrated_rows(ref('int_offices__triaged')) }}
