{# NULL counts as a mismatch, as in the real package. is_raw means nothing on PostgreSQL, there as here. #}
{% test expect_column_values_to_match_regex(model, column_name, regex, row_condition=none, is_raw=false, flags='') %}
select *
from {{ model }}
where
    not coalesce({{ dbt_expectations.regexp_instr(column_name, regex, is_raw=is_raw, flags=flags) }} > 0, false)
    {%- if row_condition %}
    and ({{ row_condition }})
    {%- endif %}
{% endtest %}
