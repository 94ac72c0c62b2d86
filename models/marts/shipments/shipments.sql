{{ migrated_rows(ref('int_shipments__triaged')) }}
