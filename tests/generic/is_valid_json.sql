{% test is_valid_json(model, column_name, allow_empty=false) %}

select *
from {{ model }}
where
    not {{ is_json(column_name) }}
    {%- if allow_empty %}
    and {{ column_name }} <> ''
    {%- endif %}

{% endtest %}
