{{ migrated_rows(ref('int_doctors__triaged')) }}
