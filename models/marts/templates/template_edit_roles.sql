{{ migrated_rows(ref('int_template_edit_roles__triaged')) }}
