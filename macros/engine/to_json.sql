{% macro to_json(expression) -%}
    {{ return(adapter.dispatch('to_json', 'dispatch')(expression)) }}
{%- endmacro %}

{% macro postgres__to_json(expression) -%}
    case when {{ is_json(expression) }} then cast({{ expression }} as jsonb) end
{%- endmacro %}

{% macro spark__to_json(expression) -%}
    {#- The text as it is. Spark's own JSON type loses digits of numbers, and not every reader of Parquet knows it. -#}
    case when {{ is_json(expression) }} then {{ expression }} end
{%- endmacro %}
