{% macro declared_foreign_keys() -%}
    {#- Every foreign key of the project, from the contracts, with the model that declares it as `child`. -#}
    {%- set keys = [] -%}
    {%- for child in own_nodes('model') | sort(attribute='name') -%}
        {%- for key in declared_constraints(child) if key.type == 'foreign_key' -%}
            {%- do keys.append(dict(key, child=child, child_column=key.columns[0])) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(keys) }}
{%- endmacro %}
