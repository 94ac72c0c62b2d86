{{ migrated_rows(ref('int_template_predecessors__triaged')) }}
