{{ migrated_rows(ref('int_products__triaged')) }}
