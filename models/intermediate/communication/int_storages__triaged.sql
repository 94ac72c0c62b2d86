with

storages as (
    {{ numbered_duplicates(ref('stg_dispatch__storages'), ['legacy_storage_id']) }}
),

reasoned as (
    select
        *,
        case
            when legacy_storage_id is null then 'legacy_id_not_given'
            when occurrence > 1 then 'duplicate_legacy_id'
            when {{ any_out_of_range(
                integers=['legacy_storage_id', 'port'],
                bigints=['disk_free_bytes', 'disk_total_bytes'],
            ) }} then 'value_out_of_range'
        end as reason
    from storages
)

select
    {{ entity_key('storages', 'legacy_storage_id') }} as storage_id,
    legacy_storage_id,
    name as storage_name,
    address,
    port,
    disk_free_bytes,
    disk_total_bytes,
    {{ disposition('reason') }} as disposition,
    reason
from reasoned
