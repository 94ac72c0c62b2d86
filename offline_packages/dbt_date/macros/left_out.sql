{# The names of all else that the real package has: a call ends with a sentence that says why it is not there. #}
{% macro compile_reference_datetime() %}
    {{ dbt_utils.absent(varargs, kwargs, 'dbt_date.compile_reference_datetime') }}
{% endmacro %}
{% macro convert_timezone() %}
    {{ dbt_utils.absent(varargs, kwargs, 'dbt_date.convert_timezone') }}
{% endmacro %}
{% macro date() %}
    {{ dbt_utils.absent(varargs, kwargs, 'dbt_date.date') }}
{% endmacro %}
{% macro date_part() %}
    {{ dbt_utils.absent(varargs, kwargs, 'dbt_date.date_part') }}
{% endmacro %}
{% macro date_spine() %}
    {{ dbt_utils.absent(varargs, kwargs, 'dbt_date.date_spine') }}
{% endmacro %}
{% macro datetime() %}
    {{ dbt_utils.absent(varargs, kwargs, 'dbt_date.datetime') }}
{% endmacro %}
{% macro day_name() %}
    {{ dbt_utils.absent(varargs, kwargs, 'dbt_date.day_name') }}
{% endmacro %}
{% macro day_name_localized() %}
    {{ dbt_utils.absent(varargs, kwargs, 'dbt_date.day_name_localized') }}
{% endmacro %}
{% macro day_of_month() %}
    {{ dbt_utils.absent(varargs, kwargs, 'dbt_date.day_of_month') }}
{% endmacro %}
{% macro day_of_week() %}
    {{ dbt_utils.absent(varargs, kwargs, 'dbt_date.day_of_week') }}
{% endmacro %}
{% macro day_of_year() %}
    {{ dbt_utils.absent(varargs, kwargs, 'dbt_date.day_of_year') }}
{% endmacro %}
{% macro from_unixtimestamp() %}
    {{ dbt_utils.absent(varargs, kwargs, 'dbt_date.from_unixtimestamp') }}
{% endmacro %}
{% macro generate_series() %}
    {{ dbt_utils.absent(varargs, kwargs, 'dbt_date.generate_series') }}
{% endmacro %}
{% macro get_base_dates() %}
    {{ dbt_utils.absent(varargs, kwargs, 'dbt_date.get_base_dates') }}
{% endmacro %}
{% macro get_date_dimension() %}
    {{ dbt_utils.absent(varargs, kwargs, 'dbt_date.get_date_dimension') }}
{% endmacro %}
{% macro get_fiscal_periods() %}
    {{ dbt_utils.absent(varargs, kwargs, 'dbt_date.get_fiscal_periods') }}
{% endmacro %}
{% macro get_fiscal_year_dates() %}
    {{ dbt_utils.absent(varargs, kwargs, 'dbt_date.get_fiscal_year_dates') }}
{% endmacro %}
{% macro get_intervals_between() %}
    {{ dbt_utils.absent(varargs, kwargs, 'dbt_date.get_intervals_between') }}
{% endmacro %}
{% macro get_localized_datepart_names() %}
    {{ dbt_utils.absent(varargs, kwargs, 'dbt_date.get_localized_datepart_names') }}
{% endmacro %}
{% macro get_powers_of_two() %}
    {{ dbt_utils.absent(varargs, kwargs, 'dbt_date.get_powers_of_two') }}
{% endmacro %}
{% macro is_after() %}
    {{ dbt_utils.absent(varargs, kwargs, 'dbt_date.is_after') }}
{% endmacro %}
{% macro is_after_or_equal() %}
    {{ dbt_utils.absent(varargs, kwargs, 'dbt_date.is_after_or_equal') }}
{% endmacro %}
{% macro is_before() %}
    {{ dbt_utils.absent(varargs, kwargs, 'dbt_date.is_before') }}
{% endmacro %}
{% macro is_before_or_equal() %}
    {{ dbt_utils.absent(varargs, kwargs, 'dbt_date.is_before_or_equal') }}
{% endmacro %}
{% macro is_between() %}
    {{ dbt_utils.absent(varargs, kwargs, 'dbt_date.is_between') }}
{% endmacro %}
{% macro iso_week_end() %}
    {{ dbt_utils.absent(varargs, kwargs, 'dbt_date.iso_week_end') }}
{% endmacro %}
{% macro iso_week_of_year() %}
    {{ dbt_utils.absent(varargs, kwargs, 'dbt_date.iso_week_of_year') }}
{% endmacro %}
{% macro iso_week_start() %}
    {{ dbt_utils.absent(varargs, kwargs, 'dbt_date.iso_week_start') }}
{% endmacro %}
{% macro iso_year_week() %}
    {{ dbt_utils.absent(varargs, kwargs, 'dbt_date.iso_year_week') }}
{% endmacro %}
{% macro last_month() %}
    {{ dbt_utils.absent(varargs, kwargs, 'dbt_date.last_month') }}
{% endmacro %}
{% macro last_month_name() %}
    {{ dbt_utils.absent(varargs, kwargs, 'dbt_date.last_month_name') }}
{% endmacro %}
{% macro last_month_number() %}
    {{ dbt_utils.absent(varargs, kwargs, 'dbt_date.last_month_number') }}
{% endmacro %}
{% macro last_week() %}
    {{ dbt_utils.absent(varargs, kwargs, 'dbt_date.last_week') }}
{% endmacro %}
{% macro month_name() %}
    {{ dbt_utils.absent(varargs, kwargs, 'dbt_date.month_name') }}
{% endmacro %}
{% macro month_name_localized() %}
    {{ dbt_utils.absent(varargs, kwargs, 'dbt_date.month_name_localized') }}
{% endmacro %}
{% macro n_days_ago() %}
    {{ dbt_utils.absent(varargs, kwargs, 'dbt_date.n_days_ago') }}
{% endmacro %}
{% macro n_days_away() %}
    {{ dbt_utils.absent(varargs, kwargs, 'dbt_date.n_days_away') }}
{% endmacro %}
{% macro n_months_ago() %}
    {{ dbt_utils.absent(varargs, kwargs, 'dbt_date.n_months_ago') }}
{% endmacro %}
{% macro n_months_away() %}
    {{ dbt_utils.absent(varargs, kwargs, 'dbt_date.n_months_away') }}
{% endmacro %}
{% macro n_weeks_ago() %}
    {{ dbt_utils.absent(varargs, kwargs, 'dbt_date.n_weeks_ago') }}
{% endmacro %}
{% macro n_weeks_away() %}
    {{ dbt_utils.absent(varargs, kwargs, 'dbt_date.n_weeks_away') }}
{% endmacro %}
{% macro next_month() %}
    {{ dbt_utils.absent(varargs, kwargs, 'dbt_date.next_month') }}
{% endmacro %}
{% macro next_month_name() %}
    {{ dbt_utils.absent(varargs, kwargs, 'dbt_date.next_month_name') }}
{% endmacro %}
{% macro next_month_number() %}
    {{ dbt_utils.absent(varargs, kwargs, 'dbt_date.next_month_number') }}
{% endmacro %}
{% macro next_week() %}
    {{ dbt_utils.absent(varargs, kwargs, 'dbt_date.next_week') }}
{% endmacro %}
{% macro now() %}
    {{ dbt_utils.absent(varargs, kwargs, 'dbt_date.now') }}
{% endmacro %}
{% macro periods_since() %}
    {{ dbt_utils.absent(varargs, kwargs, 'dbt_date.periods_since') }}
{% endmacro %}
{% macro round_timestamp() %}
    {{ dbt_utils.absent(varargs, kwargs, 'dbt_date.round_timestamp') }}
{% endmacro %}
{% macro to_compile_datetime() %}
    {{ dbt_utils.absent(varargs, kwargs, 'dbt_date.to_compile_datetime') }}
{% endmacro %}
{% macro to_unixtimestamp() %}
    {{ dbt_utils.absent(varargs, kwargs, 'dbt_date.to_unixtimestamp') }}
{% endmacro %}
{% macro today() %}
    {{ dbt_utils.absent(varargs, kwargs, 'dbt_date.today') }}
{% endmacro %}
{% macro tomorrow() %}
    {{ dbt_utils.absent(varargs, kwargs, 'dbt_date.tomorrow') }}
{% endmacro %}
{% macro week_end() %}
    {{ dbt_utils.absent(varargs, kwargs, 'dbt_date.week_end') }}
{% endmacro %}
{% macro week_of_year() %}
    {{ dbt_utils.absent(varargs, kwargs, 'dbt_date.week_of_year') }}
{% endmacro %}
{% macro week_start() %}
    {{ dbt_utils.absent(varargs, kwargs, 'dbt_date.week_start') }}
{% endmacro %}
{% macro yesterday() %}
    {{ dbt_utils.absent(varargs, kwargs, 'dbt_date.yesterday') }}
{% endmacro %}
