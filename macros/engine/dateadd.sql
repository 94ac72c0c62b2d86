{% macro spark__dateadd(datepart, interval, from_date_or_timestamp) -%}
    {#- Overrides dbt-spark's own, which goes by whole seconds since 1970: before that year it is a day late. -#}
    timestampadd({{ datepart }}, {{ interval }}, {{ from_date_or_timestamp }})
{%- endmacro %}
