{%- for each in migrated_entities() %}
-- depends_on: {{ ref(each.entity) }}
{%- endfor %}
{%- for key in (declared_foreign_keys() if execute else []) %}
{%- set child, parent, child_column = ref(key.child.name), ref(key.parent.name), key.columns[0] %}
{{ 'union all' if not loop.first }}
select
    '{{ key.child.name }}' as child,
    '{{ child_column }}' as child_column,
    '{{ key.parent.name }}' as parent,
    count(child.{{ child_column }}) as checked_rows,
    count(child.{{ child_column }}) - count(parent.{{ key.parent_column }}) as orphan_rows,
    {{ is_foreign_key_enforced(child, child_column, parent, key.parent_column) }} as is_enforced
from {{ child.render() }} as child
left join {{ parent.render() }} as parent on child.{{ child_column }} = parent.{{ key.parent_column }}
{%- endfor %}
