{{ migrated_rows(ref('int_payments__triaged')) }}
