{{ migrated_rows(ref('int_tasks__triaged')) }}
