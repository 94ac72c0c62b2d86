{% macro row_hash(rows) -%}
    {{ return(adapter.dispatch('row_hash', 'dispatch')(rows)) }}
{%- endmacro %}

{% macro postgres__row_hash(rows) -%}
    hash_record_extended({{ rows }}, 0)
{%- endmacro %}

{% macro spark__row_hash(rows) -%}
    {#- A decimal, so that a sum of many does not overflow. -#}
    cast(xxhash64({{ rows }}.*) as decimal(38, 0))
{%- endmacro %}
