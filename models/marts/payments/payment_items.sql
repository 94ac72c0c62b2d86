{{ migrated_rows(ref('int_payment_items__triaged')) }}
