{{ migrated_rows(ref('int_team_communications__triaged')) }}
