{% macro utc(timestamp) -%}
    {{ return(adapter.dispatch('utc', 'dispatch')(timestamp)) }}
{%- endmacro %}

{% macro postgres__utc(timestamp) -%}
    ({{ timestamp }} at time zone 'UTC')
{%- endmacro %}

{% macro spark__utc(timestamp) -%}
    {#- The time zone of the session is UTC. -#}
    cast({{ timestamp }} as timestamp_ntz)
{%- endmacro %}
