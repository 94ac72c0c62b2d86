{% macro is_production() -%}
    {#- Whether this run builds a candidate that will be published, and not directly into its schemas. -#}
    {{ return(target.name == 'prod') }}
{%- endmacro %}
