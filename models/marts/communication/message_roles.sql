{{ migrated_rows(ref('int_message_roles__triaged')) }}
