{% macro plausible_month(timestamp) -%}
    case when not {{ any_out_of_range(dates=[timestamp]) }}
        then cast({{ dbt.date_trunc('month', utc(timestamp)) }} as date) end
{%- endmacro %}
