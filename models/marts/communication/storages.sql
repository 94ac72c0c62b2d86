{{ migrated_rows(ref('int_storages__triaged')) }}
