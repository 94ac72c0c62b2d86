{{ migrated_rows(ref('int_role_permissions__triaged')) }}
