{{ migrated_rows(ref('int_technicians__triaged')) }}
