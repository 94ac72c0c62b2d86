select
    entity,
    reason,
    disposition,
    count(*) as legacy_rows,
    remedy
from {{ analytics('migration_rejects') }}
group by entity, reason, disposition, remedy
order by legacy_rows desc, entity asc, reason asc
