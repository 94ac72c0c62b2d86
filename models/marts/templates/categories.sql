{{ migrated_rows(ref('int_categories__triaged')) }}
