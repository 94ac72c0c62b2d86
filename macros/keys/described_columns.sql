{% macro described_columns(node) -%}
    {%- set described = dict(node.columns) -%}
    {%- for key in declared_constraints(node) if key.type == 'foreign_key' -%}
        {%- set column = node.columns[key.columns[0]] -%}
        {%- set target = '→ ' ~ key.parent.alias ~ '.' ~ key.parent_column -%}
        {%- do described.update({column.name: dict(column, description=column.description | trim ~ ' ' ~ target)}) -%}
    {%- endfor -%}
    {{ return(described) }}
{%- endmacro %}
