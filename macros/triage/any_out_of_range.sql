{% macro any_out_of_range(dates=[], amounts=[]) -%}
    {#- NaN and the infinities fall outside as well: PostgreSQL orders them beyond every number and date. -#}
    (
    {%- for date in dates %}
        {{ date }} not between cast('{{ var("earliest_plausible_date") }}' as date)
            and cast('{{ var("latest_plausible_date") }}' as date)
        {%- if not loop.last or amounts %} or{% endif %}
    {%- endfor %}
    {%- for amount in amounts %}
        {{ amount }} not between -{{ var('largest_plausible_amount') }} and {{ var('largest_plausible_amount') }}
        {%- if not loop.last %} or{% endif %}
    {%- endfor %}
    )
{%- endmacro %}
