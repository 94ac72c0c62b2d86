{{ migrated_rows(ref('int_discounts__triaged')) }}
