{% macro any_missing(columns) -%}
    ({{ columns | join(' is null or ') }} is null)
{%- endmacro %}
