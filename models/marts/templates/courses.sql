{{ migrated_rows(ref('int_courses__triaged')) }}
