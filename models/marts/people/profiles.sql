{{ migrated_rows(ref('int_profiles__triaged')) }}
