{%- for each in migrated_entities() %}
-- depends_on: {{ ref(each.entity) }}
{%- endfor %}
{%- for key in (declared_foreign_keys() if execute else []) %}
{%- set child, parent = ref(key.child.name), ref(key.parent.name) %}
{{ 'union all' if not loop.first }}
select
    '{{ key.child.name }}' as child,
    '{{ key.child_column }}' as child_column,
    '{{ key.parent.name }}' as parent,
    count(child.{{ key.child_column }}) as checked_rows,
    count(child.{{ key.child_column }}) - count(parent.{{ key.parent_column }}) as orphan_rows,
    {{ is_foreign_key_enforced(child, key.child_column, parent, key.parent_column) }} as is_enforced
from {{ child.render() }} as child
left join {{ parent.render() }} as parent on child.{{ key.child_column }} = parent.{{ key.parent_column }}
{%- endfor %}
