with

-- From the list of entities, so that an entity with an empty legacy table has a row of zeros.
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

-- Counted before the join, because there are millions of them.
dispositions as (
    select
        entity,
        disposition,
        count(*) as disposition_rows
    from {{ ref('int_audit__dispositions') }}
    group by entity, disposition
),

counted as (
    select
        entities.phase,
        entities.position,
        entities.entity,
        entities.legacy_table,
        cast(coalesce(sum(dispositions.disposition_rows), 0) as bigint) as source_rows,
        cast(coalesce(sum(
            case when dispositions.disposition = 'migrated' then dispositions.disposition_rows end
        ), 0) as bigint) as migrated_rows,
        cast(coalesce(sum(
            case when dispositions.disposition = 'excluded' then dispositions.disposition_rows end
        ), 0) as bigint) as excluded_rows,
        cast(coalesce(sum(
            case when dispositions.disposition = 'rejected' then dispositions.disposition_rows end
        ), 0) as bigint) as rejected_rows
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
