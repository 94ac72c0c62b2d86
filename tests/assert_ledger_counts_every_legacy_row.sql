-- The ledger is built from the triaged models. If one drops or repeats a legacy row, only the source shows it.
with

counted as (
    {%- for each in migrated_entities() if each.whole_table %}
    select
        '{{ each.entity }}' as entity,
        count(*) as legacy_rows
    from {{ source(each.source, each.legacy_table) }}
    union all
    {%- endfor %}
    select
        'technicians' as entity,
        count(*) as legacy_rows
    from {{ source('dispatch', 'dispatch_role') }}
    where
        user_id is not null
        and {{ clean_text('name') }} in (
            select specialties.role_name from (select * from {{ ref('technician_specialties') }}) as specialties
        )
    union all
    select
        'shipments' as entity,
        count(*) as legacy_rows
    from {{ ref('orders') }}
    where status = 'shipped'
)

select
    ledger.entity,
    ledger.source_rows,
    counted.legacy_rows
from (select * from {{ ref('migration_ledger') }}) as ledger
left join counted on ledger.entity = counted.entity
where ledger.source_rows is distinct from counted.legacy_rows
