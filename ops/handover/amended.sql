-- Brings the lists of a schema up to date with the rows that were added: {schema} is that of the application, or that
-- of what it has received.

delete from {schema}.migration_rejects as rejects
using pg_temp.amended_rows as amended
where amended.is_added and rejects.entity = amended.entity and rejects.legacy_id = amended.legacy_id;

-- Another legacy row with the same id may still be left out.
insert into {schema}.migration_rejects (entity, legacy_table, legacy_id, disposition, reason)
select rejects.entity, rejects.legacy_table, rejects.legacy_id, rejects.disposition, rejects.reason
from {audit}.migration_rejects as rejects
inner join pg_temp.amended_rows as amended using (entity, legacy_id)
where amended.is_added;

update {schema}.migration_ledger as ledger
set
    source_rows = ledger.migrated_rows + added + excluded + rejected,
    migrated_rows = ledger.migrated_rows + added,
    excluded_rows = excluded,
    rejected_rows = rejected,
    success_rate = cast(1.0 * (ledger.migrated_rows + added) / (ledger.migrated_rows + added + rejected) as numeric(7, 6))
from (
    select
        entity,
        count(*) as added,
        (
            select count(*) from {schema}.migration_rejects as rejects
            where rejects.entity = amended.entity and disposition = 'excluded'
        ) as excluded,
        (
            select count(*) from {schema}.migration_rejects as rejects
            where rejects.entity = amended.entity and disposition = 'rejected'
        ) as rejected
    from pg_temp.amended_rows as amended
    where is_added
    group by entity
) as counted
where ledger.entity = counted.entity;
