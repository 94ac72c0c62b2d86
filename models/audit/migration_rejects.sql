select
    entity,
    legacy_table,
    legacy_id,
    disposition,
    reason
from {{ ref('int_audit__dispositions') }}
where disposition <> 'migrated'
