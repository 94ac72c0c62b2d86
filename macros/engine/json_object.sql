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
    to_json(named_struct(
        {%- for name, expression in members.items() %}
        '{{ name }}', {{ expression }}{{ ',' if not loop.last }}
        {%- endfor %}
    ), map('ignoreNullFields', 'false'))
{%- endmacro %}
