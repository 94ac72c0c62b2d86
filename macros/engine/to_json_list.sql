{% macro to_json_list(expression) -%}
    {{ return(adapter.dispatch('to_json_list', 'dispatch')(expression)) }}
{%- endmacro %}

{% macro postgres__to_json_list(expression) -%}
    case when jsonb_typeof({{ to_json(expression) }}) = 'array' then cast({{ expression }} as jsonb) end
{%- endmacro %}

{% macro spark__to_json_list(expression) -%}
    case when {{ is_json(expression) }} and ltrim(' \t\n\r', {{ expression }}) like '[%' then {{ expression }} end
{%- endmacro %}
