{{ migrated_rows(ref('int_files__triaged')) }}
