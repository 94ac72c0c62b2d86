{% macro is_production() -%}
    {{ return(target.name == 'prod') }}
{%- endmacro %}
