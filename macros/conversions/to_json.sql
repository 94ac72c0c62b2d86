{% macro to_json(expression) -%}
    {{ return(adapter.dispatch('to_json', 'dispatch')(expression)) }}
{%- endmacro %}

{% macro postgres__to_json(expression) -%}
    case when pg_input_is_valid({{ expression }}, 'jsonb') then cast({{ expression }} as jsonb) end
{%- endmacro %}
