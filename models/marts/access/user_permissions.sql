{{ migrated_rows(ref('int_user_permissions__triaged')) }}
