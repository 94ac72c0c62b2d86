{{ migrated_rows(ref('int_product_successors__triaged')) }}
