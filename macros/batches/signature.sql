{% macro signature(rows) -%}
    {{ return(adapter.dispatch('signature', 'dispatch')(rows)) }}
{%- endmacro %}

{% macro postgres__signature(rows) -%}
    {#- Count and sum of 64-bit hashes of whole rows: a change, an insert and a delete each change it. -#}
    count(*) || ':' || sum(hash_record_extended({{ rows }}, 0))
{%- endmacro %}
