{{ migrated_rows(ref('int_template_view_groups__triaged')) }}
