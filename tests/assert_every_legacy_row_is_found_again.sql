-- Counts may agree by chance: this test looks up every legacy id in its mart and among the rows left out.
{%- for each in migrated_entities() if each.whole_table %}
select
    '{{ each.entity }}' as entity,
    legacy.id as legacy_id
from (select * from {{ source(each.source, each.legacy_table) }}) as legacy
where
    legacy.id is not null
    and not exists (
        select 1
        from (select * from {{ ref(each.entity) }}) as mart
        where mart.{{ each.legacy_id }} = legacy.id
    )
    and not exists (
        select 1
        from (select * from {{ ref('migration_rejects') }}) as rejects
        where rejects.entity = '{{ each.entity }}' and rejects.legacy_id = legacy.id
    )
{{ 'union all' if not loop.last }}
{%- endfor %}
