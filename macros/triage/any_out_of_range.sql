{% macro any_out_of_range(dates=[], days=[], amounts=[], percents=[], integers=[], bigints=[]) -%}
    {#- Staging passes on the values of the source, however wide its columns have become. NaN and the infinities are out
        of range too: PostgreSQL orders them beyond every number and date. -#}
    {%- set largest = sql_var('largest_plausible_amount') -%}
    {%- set conditions = [] -%}
    {%- for date in dates + days -%}
        {%- do conditions.append(
            date ~ ' not between cast(' ~ sql_var('earliest_plausible_date') ~ ' as date) and cast('
            ~ sql_var('latest_plausible_date') ~ ' as date)'
        ) -%}
    {%- endfor -%}
    {%- for day in days -%}
        {%- do conditions.append(day ~ ' <> cast(' ~ day ~ ' as date)') -%}
    {%- endfor -%}
    {%- for numbers, low, high, digits in [
        (amounts, '-' ~ largest, largest, 2),
        (percents, 0, 100, 4),
        (integers, -2147483648, 2147483647, 0),
        (bigints, -9223372036854775808, 9223372036854775807, 0),
    ] -%}
        {%- for number in numbers -%}
            {%- do conditions.append(number ~ ' not between ' ~ low ~ ' and ' ~ high) -%}
            {%- do conditions.append(has_more_decimals(number, digits)) -%}
        {%- endfor -%}
    {%- endfor -%}
    ({{ conditions | join(' or ') }})
{%- endmacro %}
