{{ migrated_rows(ref('int_team_members__triaged')) }}
