{{ migrated_rows(ref('int_offers__triaged')) }}
