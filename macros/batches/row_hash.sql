{% macro row_hash(rows) -%}
    {{ return(adapter.dispatch('row_hash', 'dispatch')(rows)) }}
{%- endmacro %}

{% macro postgres__row_hash(rows) -%}
    hash_record_extended({{ rows }}, 0)
{%- endmacro %}
