{% macro release_schema() -%}
    {#- Where it is written down what was built and published. No version replaces it. -#}
    {{ return(target.schema ~ '_release') }}
{%- endmacro %}
