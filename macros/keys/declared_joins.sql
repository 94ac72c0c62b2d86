{% macro declared_joins() -%}
    {%- set keys, joins = declared_foreign_keys(), [] -%}
    {%- for key in keys -%}
        {%- set is_unique = is_unique_column(key.child, key.columns[0]) -%}
        {%- set required = key.child.columns[key.columns[0]].constraints | selectattr('type', 'equalto', 'not_null') -%}
        {%- do joins.append({
            'child': key.child.alias,
            'child_column': key.columns[0],
            'parent': key.parent.alias,
            'parent_column': key.parent_column,
            'cardinality': 'one_to_one' if is_unique else 'many_to_one',
            'is_optional': not required | list,
            'is_foreign_key': true,
        }) -%}
        {#- A row that refers to something, and the one row of another mart that is about the same thing. -#}
        {%- for other in keys if not is_unique and other.parent.alias == key.parent.alias
            and other.child.alias != key.child.alias and is_unique_column(other.child, other.columns[0]) -%}
            {%- do joins.append({
                'child': key.child.alias,
                'child_column': key.columns[0],
                'parent': other.child.alias,
                'parent_column': other.columns[0],
                'cardinality': 'many_to_one',
                'is_optional': true,
                'is_foreign_key': false,
            }) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(joins) }}
{%- endmacro %}

{% macro is_unique_column(node, column) -%}
    {#- Whether the contract says that no two rows share a value of this column. -#}
    {%- set keys = node.columns[column].constraints | selectattr('type', 'in', ['unique', 'primary_key']) -%}
    {{ return(keys | list | length > 0) }}
{%- endmacro %}
