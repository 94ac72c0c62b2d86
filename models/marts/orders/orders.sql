{{ migrated_rows(ref('int_orders__triaged')) }}
