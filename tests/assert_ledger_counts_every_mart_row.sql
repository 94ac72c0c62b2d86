with

counted as (
    {%- for each in migrated_entities() %}
    select
        '{{ each.entity }}' as entity,
        count(*) as mart_rows
    from {{ ref(each.entity) }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
)

select
    ledger.entity,
    ledger.migrated_rows,
    counted.mart_rows
from (select * from {{ ref('migration_ledger') }}) as ledger
left join counted on ledger.entity = counted.entity
where ledger.migrated_rows is distinct from counted.mart_rows
