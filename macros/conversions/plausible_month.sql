{% macro plausible_month(timestamp) -%}
    {#- First day of the month in UTC; null where the date is missing or implausible. -#}
    case when not {{ any_out_of_range(dates=[timestamp]) }}
        then cast({{ dbt.date_trunc('month', utc(timestamp)) }} as date) end
{%- endmacro %}
