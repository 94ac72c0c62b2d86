{{ migrated_rows(ref('int_template_view_roles__triaged')) }}
