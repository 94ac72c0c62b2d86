{{ migrated_rows(ref('int_message_attachments__triaged')) }}
