{%- for each in migrated_entities() %}
-- depends_on: {{ ref(each.entity) }}
{%- endfor %}
{%- for join in (declared_joins() if execute else []) %}
{{ 'union all' if not loop.first }}
select
    '{{ join.child }}' as child,
    '{{ join.child_column }}' as child_column,
    '{{ join.parent }}' as parent,
    '{{ join.parent_column }}' as parent_column,
    '{{ join.cardinality }}' as cardinality,
    {{ join.is_optional | lower }} as is_optional,
    {{ join.is_foreign_key | lower }} as is_foreign_key
{%- endfor %}
