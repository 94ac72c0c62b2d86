{{ migrated_rows(ref('int_teams__triaged')) }}
