select
    storage_id,
    legacy_storage_id,
    storage_name,
    address,
    port,
    disk_free_bytes,
    disk_total_bytes
from {{ ref('int_storages__triaged') }}
where disposition = 'migrated'
