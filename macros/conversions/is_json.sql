{# True when the text can be converted to the engine's JSON type; null in gives null out, an empty string is false. #}
{% macro is_json(expression) -%}
    {{ return(adapter.dispatch('is_json', 'dispatch')(expression)) }}
{%- endmacro %}

{% macro default__is_json(expression) -%}
    ({{ expression }} is json)
{%- endmacro %}

{# Not "is json": that accepts \u0000 and lone surrogates, which the cast to jsonb then refuses. #}
{% macro postgres__is_json(expression) -%}
    pg_input_is_valid(cast({{ expression }} as text), 'jsonb')
{%- endmacro %}
