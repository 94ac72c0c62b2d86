{% macro has_more_decimals(number, digits) -%}
    {{ return(adapter.dispatch('has_more_decimals', 'dispatch')(number, digits)) }}
{%- endmacro %}

{% macro postgres__has_more_decimals(number, digits) -%}
    {{ number }} <> round({{ number }}{{ ', ' ~ digits if digits }})
{%- endmacro %}

{% macro spark__has_more_decimals(number, digits) -%}
    {#- The remainder is exact. To compare two decimals, Spark rounds them to a common type of 38 digits. -#}
    {{ number }} % {{ '0.' ~ '0' * (digits - 1) ~ '1' if digits else '1' }} <> 0
{%- endmacro %}
