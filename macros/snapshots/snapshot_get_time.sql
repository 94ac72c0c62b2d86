{% macro postgres__snapshot_get_time() -%}
    {#- Overrides dbt's macro, which cuts off the time zone: a session in another zone, or the change from summer to
        winter time, would set history back. -#}
    cast({{ current_timestamp() }} as timestamp with time zone)
{%- endmacro %}
