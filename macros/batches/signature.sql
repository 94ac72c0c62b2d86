{% macro signature(hashes) -%}
    {{ return(adapter.dispatch('signature', 'dispatch')(hashes)) }}
{%- endmacro %}

{% macro postgres__signature(hashes) -%}
    {#- Number of rows, and sum of their 64-bit hashes each combined with those of its parents: a change, an insert and a
        delete each change it. -#}
    count(*) || ':' || sum(coalesce({{ hashes | join(', 0) # coalesce(') }}, 0))
{%- endmacro %}
