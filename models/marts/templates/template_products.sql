{{ migrated_rows(ref('int_template_products__triaged')) }}
