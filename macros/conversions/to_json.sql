{% macro to_json(expression) -%}
    {{ return(adapter.dispatch('to_json', 'dispatch')(expression)) }}
{%- endmacro %}

{% macro postgres__to_json(expression) -%}
    case when {{ is_json(expression) }} then cast({{ expression }} as jsonb) end
{%- endmacro %}
