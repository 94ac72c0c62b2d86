-- The opposite direction: mart rows whose legacy id is not in the legacy table.
{%- for each in migrated_entities() %}
select
    '{{ each.entity }}' as entity,
    mart.{{ each.legacy_id }} as legacy_id
from (select * from {{ ref(each.entity) }}) as mart
where
    not exists (
        select 1
        from (select * from {{ source(each.source, each.legacy_table) }}) as legacy
        where legacy.id = mart.{{ each.legacy_id }}
    )
{{ 'union all' if not loop.last }}
{%- endfor %}
