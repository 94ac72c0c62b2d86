{% macro signature(hashes) -%}
    {#- The number of rows and, for the rows and each kind of parent, the sum of their 64-bit hashes: every change,
        insert and delete changes one of them. -#}
    count(*)
    {%- for hash in hashes %} || ':' || coalesce(sum({{ hash }}), 0){% endfor -%}
{%- endmacro %}
