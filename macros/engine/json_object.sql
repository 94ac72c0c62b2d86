{% macro json_object(members) -%}
    {{ return(adapter.dispatch('json_object', 'dispatch')(members)) }}
{%- endmacro %}

{% macro postgres__json_object(members) -%}
    jsonb_build_object(
        {%- for name, expression in members.items() %}
        '{{ name }}', {{ expression }}{{ ',' if not loop.last }}
        {%- endfor %}
    )
{%- endmacro %}

{% macro spark__json_object(members) -%}
    {#- With a blank after each comma and colon, as PostgreSQL writes JSON: to_json writes none. -#}
    concat(
        '{',
        {%- for name, expression in members.items() %}
        {%- set value = 'to_json(array(' ~ expression ~ '))' %}
        '{{ ', ' if not loop.first }}"{{ name }}": ', substr({{ value }}, 2, length({{ value }}) - 2),
        {%- endfor %}
        '}'
    )
{%- endmacro %}
