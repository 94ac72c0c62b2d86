{% macro declared_foreign_keys(children=none) -%}
    {%- set keys = [] -%}
    {%- for child in (own_nodes('model') if children is none else children) | sort(attribute='name') -%}
        {%- for key in declared_constraints(child) if key.type == 'foreign_key' -%}
            {%- do keys.append(dict(key, child=child)) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(keys) }}
{%- endmacro %}
