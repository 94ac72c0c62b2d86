{% macro lower_case(expression) -%}
    {{ return(adapter.dispatch('lower_case', 'dispatch')(expression)) }}
{%- endmacro %}

{% macro postgres__lower_case(expression) -%}
    lower({{ expression }})
{%- endmacro %}

{% macro spark__lower_case(expression) -%}
    {#- Letter by letter, as PostgreSQL does: Java lowers a sigma at the end of a word and a dotted I otherwise. -#}
    array_join(transform(split(replace({{ expression }}, 'İ', 'i'), ''), letter -> lower(letter)), '')
{%- endmacro %}
