{% macro declared_foreign_keys() -%}
    {%- set keys = [] -%}
    {%- for child in own_nodes('model') | sort(attribute='name') -%}
        {%- for key in declared_constraints(child) if key.type == 'foreign_key' -%}
            {%- do keys.append(dict(key, child=child)) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(keys) }}
{%- endmacro %}
