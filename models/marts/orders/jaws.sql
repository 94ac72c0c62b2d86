{{ migrated_rows(ref('int_jaws__triaged')) }}
