with

-- From the list of entities, so that one whose legacy table is empty shows with zeros.
entities as (
    {%- for each in migrated_entities() %}
    select
        '{{ each.phase }}' as phase,
        {{ loop.index }} as position,
        '{{ each.entity }}' as entity,
        '{{ each.legacy_table }}' as legacy_table
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

dispositions as (
    select * from {{ ref('int_audit__dispositions') }}
),

counted as (
    select
        entities.phase,
        entities.position,
        entities.entity,
        entities.legacy_table,
        count(dispositions.disposition) as source_rows,
        count(case when dispositions.disposition = 'migrated' then 1 end) as migrated_rows,
        count(case when dispositions.disposition = 'excluded' then 1 end) as excluded_rows,
        count(case when dispositions.disposition = 'rejected' then 1 end) as rejected_rows
    from entities
    left join dispositions on entities.entity = dispositions.entity
    group by entities.phase, entities.position, entities.entity, entities.legacy_table
)

select
    phase,
    position,
    entity,
    legacy_table,
    source_rows,
    migrated_rows,
    excluded_rows,
    rejected_rows,
    cast(1.0 * migrated_rows / nullif(migrated_rows + rejected_rows, 0) as numeric(7, 6)) as success_rate
from counted
order by position
