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
