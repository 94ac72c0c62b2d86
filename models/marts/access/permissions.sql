{{ migrated_rows(ref('int_permissions__triaged')) }}
