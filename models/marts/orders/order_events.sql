{{ migrated_rows(ref('int_order_events__triaged')) }}
