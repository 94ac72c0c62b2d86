select
    storage_id,
    cast(legacy_storage_id as integer) as legacy_storage_id,
    storage_name,
    address,
    cast(port as integer) as port,
    cast(disk_free_bytes as bigint) as disk_free_bytes,
    cast(disk_total_bytes as bigint) as disk_total_bytes
from {{ ref('int_storages__triaged') }}
where disposition = 'migrated'
