{{ migrated_rows(ref('int_projects__triaged')) }}
