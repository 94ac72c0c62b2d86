{% macro postgres__snapshot_get_time() -%}
    {#- dbt's own cuts off the time zone: a session with another one, or an hour in autumn, would set history back. -#}
    cast({{ current_timestamp() }} as timestamp with time zone)
{%- endmacro %}
