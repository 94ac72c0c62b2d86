{% macro text_checksum(expression) -%}
    {{ return(adapter.dispatch('text_checksum', 'dispatch')(expression)) }}
{%- endmacro %}

{% macro postgres__text_checksum(expression) -%}
    cast(coalesce(sum(hashtextextended({{ expression }}, 0)), 0) as numeric(38, 0))
{%- endmacro %}

{% macro spark__text_checksum(expression) -%}
    cast(coalesce(sum(cast(xxhash64({{ expression }}) as decimal(38, 0))), 0) as decimal(38, 0))
{%- endmacro %}
