with

catalog (table_name, column_name, kind, row_count, is_estimate) as (
    {{ legacy_catalog() }}
),

declared (table_name, column_name, reason) as (
    {{ declared_columns() }}
),

marts as (
    select
        legacy_table,
        string_agg(entity, ', ' order by position) as mart_names
    from {{ ref('migration_ledger') }}
    group by legacy_table
),

not_migrated as (
    select * from {{ ref('tables_not_migrated') }}
),

decided as (
    select
        catalog.*,
        marts.mart_names,
        coalesce(declared.reason, not_migrated.question) as reason,
        case
            when declared.reason is not null or not_migrated.table_name is not null then 'not_migrated'
            when declared.table_name is null then 'unknown'
            when marts.mart_names is null then 'lookup'
            else 'migrated'
        end as decision
    from catalog
    left join declared
        on catalog.table_name = declared.table_name and catalog.column_name = declared.column_name
    left join not_migrated on catalog.table_name = not_migrated.table_name
    left join marts on catalog.table_name = marts.legacy_table
)

select
    case when column_name = '' then table_name else table_name || '.' || column_name end as subject,
    table_name,
    nullif(column_name, '') as column_name,
    kind,
    row_count,
    is_estimate,
    decision,
    case when decision = 'migrated' then mart_names end as goes_to,
    reason
from decided
