{{ migrated_rows(ref('int_product_roles__triaged')) }}
