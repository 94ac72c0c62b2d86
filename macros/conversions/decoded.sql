{% macro decoded(code, label) -%}
    case when {{ code }} is not null then coalesce({{ label }}, 'unmapped') end
{%- endmacro %}
