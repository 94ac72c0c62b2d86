{% test is_plausible_amount(model, column_name) %}

-- NaN sorts above every number, so it fails as well.
select *
from {{ model }}
where abs({{ column_name }}) > {{ sql_var('largest_plausible_amount') }}

{% endtest %}
