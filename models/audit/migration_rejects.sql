select
    entity,
    legacy_table,
    cast(legacy_id as bigint) as legacy_id,
    disposition,
    reason
from {{ ref('int_audit__dispositions') }}
where disposition <> 'migrated'
