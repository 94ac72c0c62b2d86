{% macro postgres__collect_freshness(source, loaded_at_field, filter) -%}
    {#- Overrides dbt's macro, which takes a time without a zone for UTC. The filter, too, reads the converted time. -#}
    {%- set converted -%}
        (select {{ legacy_time(loaded_at_field) }} as {{ loaded_at_field }} from {{ source }}) as converted
    {%- endset -%}
    {{ return(default__collect_freshness(converted, loaded_at_field, filter)) }}
{%- endmacro %}
