{%- for each in migrated_entities() %}
-- depends_on: {{ ref(each.entity) }}
{%- endfor %}
with checked as (
    {#- render(), because under --empty and --sample a relation is a query. #}
    {%- for key in (declared_foreign_keys() if execute else []) %}
    {%- set child, parent, child_column = ref(key.child.name), ref(key.parent.name), key.columns[0] %}
    {{ 'union all' if not loop.first }}
    select
        '{{ key.child.name }}' as child,
        '{{ child_column }}' as child_column,
        '{{ key.parent.name }}' as parent,
        '{{ key.parent_column }}' as parent_column,
        '{{ child.render() }}' as child_table,
        '{{ parent.render() }}' as parent_table,
        {{ (child.schema == parent.schema) | lower }} as is_in_one_schema,
        count(child.{{ child_column }}) as checked_rows,
        count(child.{{ child_column }}) - count(parent.{{ key.parent_column }}) as orphan_rows
    from {{ child.render() }} as child
    left join {{ parent.render() }} as parent on child.{{ child_column }} = parent.{{ key.parent_column }}
    {%- endfor %}
)

select
    child,
    child_column,
    parent,
    checked_rows,
    orphan_rows,
    -- Between two environments (dbt --defer) there is no key.
    case when is_in_one_schema then {{ is_foreign_key_enforced('checked') }} end as is_enforced
from checked
