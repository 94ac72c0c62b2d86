{{ migrated_rows(ref('int_templates__triaged')) }}
