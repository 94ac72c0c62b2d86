{{ migrated_rows(ref('int_messages__triaged')) }}
