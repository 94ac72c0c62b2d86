{{ migrated_rows(ref('int_team_permissions__triaged')) }}
