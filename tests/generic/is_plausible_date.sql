{% test is_plausible_date(model, column_name) %}

select *
from {{ model }}
where
    {{ column_name }} < cast({{ sql_var('earliest_plausible_date') }} as date)
    or {{ column_name }} > cast({{ sql_var('latest_plausible_date') }} as date)

{% endtest %}
