{% macro analytics(model) -%}
    {{ return('analytics.' ~ ref(model).identifier) }}
{%- endmacro %}
