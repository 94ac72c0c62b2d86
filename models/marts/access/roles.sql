{{ migrated_rows(ref('int_roles__triaged')) }}
