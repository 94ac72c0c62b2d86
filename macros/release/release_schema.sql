{% macro release_schema() -%}
    {#- Records what was built, published and released. No version replaces it. -#}
    {{ return(target.schema ~ '_release') }}
{%- endmacro %}
