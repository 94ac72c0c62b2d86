{% macro signature(hashes) -%}
    {#- Number of rows, and for them and for each kind of parent the sum of 64-bit hashes: a change, an insert and a
        delete each change one of them. -#}
    count(*)
    {%- for hash in hashes %} || ':' || coalesce(sum({{ hash }}), 0){% endfor -%}
{%- endmacro %}
