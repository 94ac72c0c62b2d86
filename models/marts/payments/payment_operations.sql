{{ migrated_rows(ref('int_payment_operations__triaged')) }}
