{% macro declared_foreign_keys() -%}
    {#- Every foreign key of the project, from the contracts: [{child, child_column, parent, parent_column}, …] where
        child and parent are model nodes. A self-reference has no `to` (dbt would see a cycle) but an `expression` that
        names its own model. -#}
    {%- set keys = [] -%}
    {%- set models = own_nodes('model') -%}
    {%- set by_name = {} -%}
    {%- for node in models -%}{%- do by_name.update({node.name: node}) -%}{%- endfor -%}
    {%- for child in models | sort(attribute='name') -%}
        {%- for column in child.columns.values() -%}
            {%- for constraint in column.constraints if constraint.type == 'foreign_key' -%}
                {%- if constraint.to -%}
                    {%- set parent_name = modules.re.search("['\"]([^'\"]+)['\"]\\s*\\)", constraint.to).group(1) -%}
                    {%- set parent_column = constraint.to_columns[0] -%}
                {%- else -%}
                    {%- set self_reference = modules.re.match("(\\w+)\\s*\\((\\w+)\\)", constraint.expression) -%}
                    {%- set parent_name, parent_column = self_reference.group(1), self_reference.group(2) -%}
                {%- endif -%}
                {%- do keys.append({
                    'child': child, 'child_column': column.name,
                    'parent': by_name[parent_name], 'parent_column': parent_column,
                }) -%}
            {%- endfor -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(keys) }}
{%- endmacro %}
