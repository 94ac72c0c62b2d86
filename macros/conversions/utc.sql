{% macro utc(timestamp) -%}
    ({{ timestamp }} at time zone 'UTC')
{%- endmacro %}
