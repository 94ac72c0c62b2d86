{# The names of all else that the real package has: a call ends with a sentence that says why it is not there. #}
{% test equal_expression() %}
    {{ dbt_utils.absent(varargs, kwargs, 'dbt_expectations.equal_expression') }}
{% endtest %}
{% test expect_column_distinct_count_to_be_greater_than() %}
    {{ dbt_utils.absent(varargs, kwargs, 'dbt_expectations.expect_column_distinct_count_to_be_greater_than') }}
{% endtest %}
{% test expect_column_distinct_count_to_be_less_than() %}
    {{ dbt_utils.absent(varargs, kwargs, 'dbt_expectations.expect_column_distinct_count_to_be_less_than') }}
{% endtest %}
{% test expect_column_distinct_count_to_equal() %}
    {{ dbt_utils.absent(varargs, kwargs, 'dbt_expectations.expect_column_distinct_count_to_equal') }}
{% endtest %}
{% test expect_column_distinct_count_to_equal_other_table() %}
    {{ dbt_utils.absent(varargs, kwargs, 'dbt_expectations.expect_column_distinct_count_to_equal_other_table') }}
{% endtest %}
{% test expect_column_distinct_values_to_be_in_set() %}
    {{ dbt_utils.absent(varargs, kwargs, 'dbt_expectations.expect_column_distinct_values_to_be_in_set') }}
{% endtest %}
{% test expect_column_distinct_values_to_contain_set() %}
    {{ dbt_utils.absent(varargs, kwargs, 'dbt_expectations.expect_column_distinct_values_to_contain_set') }}
{% endtest %}
{% test expect_column_distinct_values_to_equal_set() %}
    {{ dbt_utils.absent(varargs, kwargs, 'dbt_expectations.expect_column_distinct_values_to_equal_set') }}
{% endtest %}
{% test expect_column_max_to_be_between() %}
    {{ dbt_utils.absent(varargs, kwargs, 'dbt_expectations.expect_column_max_to_be_between') }}
{% endtest %}
{% test expect_column_mean_to_be_between() %}
    {{ dbt_utils.absent(varargs, kwargs, 'dbt_expectations.expect_column_mean_to_be_between') }}
{% endtest %}
{% test expect_column_median_to_be_between() %}
    {{ dbt_utils.absent(varargs, kwargs, 'dbt_expectations.expect_column_median_to_be_between') }}
{% endtest %}
{% test expect_column_min_to_be_between() %}
    {{ dbt_utils.absent(varargs, kwargs, 'dbt_expectations.expect_column_min_to_be_between') }}
{% endtest %}
{% test expect_column_most_common_value_to_be_in_set() %}
    {{ dbt_utils.absent(varargs, kwargs, 'dbt_expectations.expect_column_most_common_value_to_be_in_set') }}
{% endtest %}
{% test expect_column_pair_values_to_be_equal() %}
    {{ dbt_utils.absent(varargs, kwargs, 'dbt_expectations.expect_column_pair_values_to_be_equal') }}
{% endtest %}
{% test expect_column_pair_values_to_be_in_set() %}
    {{ dbt_utils.absent(varargs, kwargs, 'dbt_expectations.expect_column_pair_values_to_be_in_set') }}
{% endtest %}
{% test expect_column_proportion_of_unique_values_to_be_between() %}
    {{ dbt_utils.absent(varargs, kwargs, 'dbt_expectations.expect_column_proportion_of_unique_values_to_be_between') }}
{% endtest %}
{% test expect_column_quantile_values_to_be_between() %}
    {{ dbt_utils.absent(varargs, kwargs, 'dbt_expectations.expect_column_quantile_values_to_be_between') }}
{% endtest %}
{% test expect_column_stdev_to_be_between() %}
    {{ dbt_utils.absent(varargs, kwargs, 'dbt_expectations.expect_column_stdev_to_be_between') }}
{% endtest %}
{% test expect_column_sum_to_be_between() %}
    {{ dbt_utils.absent(varargs, kwargs, 'dbt_expectations.expect_column_sum_to_be_between') }}
{% endtest %}
{% test expect_column_to_exist() %}
    {{ dbt_utils.absent(varargs, kwargs, 'dbt_expectations.expect_column_to_exist') }}
{% endtest %}
{% test expect_column_unique_value_count_to_be_between() %}
    {{ dbt_utils.absent(varargs, kwargs, 'dbt_expectations.expect_column_unique_value_count_to_be_between') }}
{% endtest %}
{% test expect_column_value_lengths_to_equal() %}
    {{ dbt_utils.absent(varargs, kwargs, 'dbt_expectations.expect_column_value_lengths_to_equal') }}
{% endtest %}
{% test expect_column_values_to_be_between() %}
    {{ dbt_utils.absent(varargs, kwargs, 'dbt_expectations.expect_column_values_to_be_between') }}
{% endtest %}
{% test expect_column_values_to_be_decreasing() %}
    {{ dbt_utils.absent(varargs, kwargs, 'dbt_expectations.expect_column_values_to_be_decreasing') }}
{% endtest %}
{% test expect_column_values_to_be_in_set() %}
    {{ dbt_utils.absent(varargs, kwargs, 'dbt_expectations.expect_column_values_to_be_in_set') }}
{% endtest %}
{% test expect_column_values_to_be_in_type_list() %}
    {{ dbt_utils.absent(varargs, kwargs, 'dbt_expectations.expect_column_values_to_be_in_type_list') }}
{% endtest %}
{% test expect_column_values_to_be_increasing() %}
    {{ dbt_utils.absent(varargs, kwargs, 'dbt_expectations.expect_column_values_to_be_increasing') }}
{% endtest %}
{% test expect_column_values_to_be_null() %}
    {{ dbt_utils.absent(varargs, kwargs, 'dbt_expectations.expect_column_values_to_be_null') }}
{% endtest %}
{% test expect_column_values_to_be_of_type() %}
    {{ dbt_utils.absent(varargs, kwargs, 'dbt_expectations.expect_column_values_to_be_of_type') }}
{% endtest %}
{% test expect_column_values_to_be_unique() %}
    {{ dbt_utils.absent(varargs, kwargs, 'dbt_expectations.expect_column_values_to_be_unique') }}
{% endtest %}
{% test expect_column_values_to_be_within_n_moving_stdevs() %}
    {{ dbt_utils.absent(varargs, kwargs, 'dbt_expectations.expect_column_values_to_be_within_n_moving_stdevs') }}
{% endtest %}
{% test expect_column_values_to_be_within_n_stdevs() %}
    {{ dbt_utils.absent(varargs, kwargs, 'dbt_expectations.expect_column_values_to_be_within_n_stdevs') }}
{% endtest %}
{% test expect_column_values_to_have_consistent_casing() %}
    {{ dbt_utils.absent(varargs, kwargs, 'dbt_expectations.expect_column_values_to_have_consistent_casing') }}
{% endtest %}
{% test expect_column_values_to_match_like_pattern() %}
    {{ dbt_utils.absent(varargs, kwargs, 'dbt_expectations.expect_column_values_to_match_like_pattern') }}
{% endtest %}
{% test expect_column_values_to_match_like_pattern_list() %}
    {{ dbt_utils.absent(varargs, kwargs, 'dbt_expectations.expect_column_values_to_match_like_pattern_list') }}
{% endtest %}
{% test expect_column_values_to_match_regex_list() %}
    {{ dbt_utils.absent(varargs, kwargs, 'dbt_expectations.expect_column_values_to_match_regex_list') }}
{% endtest %}
{% test expect_column_values_to_not_be_in_set() %}
    {{ dbt_utils.absent(varargs, kwargs, 'dbt_expectations.expect_column_values_to_not_be_in_set') }}
{% endtest %}
{% test expect_column_values_to_not_be_null() %}
    {{ dbt_utils.absent(varargs, kwargs, 'dbt_expectations.expect_column_values_to_not_be_null') }}
{% endtest %}
{% test expect_column_values_to_not_match_like_pattern() %}
    {{ dbt_utils.absent(varargs, kwargs, 'dbt_expectations.expect_column_values_to_not_match_like_pattern') }}
{% endtest %}
{% test expect_column_values_to_not_match_like_pattern_list() %}
    {{ dbt_utils.absent(varargs, kwargs, 'dbt_expectations.expect_column_values_to_not_match_like_pattern_list') }}
{% endtest %}
{% test expect_column_values_to_not_match_regex() %}
    {{ dbt_utils.absent(varargs, kwargs, 'dbt_expectations.expect_column_values_to_not_match_regex') }}
{% endtest %}
{% test expect_column_values_to_not_match_regex_list() %}
    {{ dbt_utils.absent(varargs, kwargs, 'dbt_expectations.expect_column_values_to_not_match_regex_list') }}
{% endtest %}
{% test expect_compound_columns_to_be_unique() %}
    {{ dbt_utils.absent(varargs, kwargs, 'dbt_expectations.expect_compound_columns_to_be_unique') }}
{% endtest %}
{% test expect_grouped_row_values_to_have_recent_data() %}
    {{ dbt_utils.absent(varargs, kwargs, 'dbt_expectations.expect_grouped_row_values_to_have_recent_data') }}
{% endtest %}
{% test expect_multicolumn_sum_to_equal() %}
    {{ dbt_utils.absent(varargs, kwargs, 'dbt_expectations.expect_multicolumn_sum_to_equal') }}
{% endtest %}
{% test expect_row_values_to_have_data_for_every_n_datepart() %}
    {{ dbt_utils.absent(varargs, kwargs, 'dbt_expectations.expect_row_values_to_have_data_for_every_n_datepart') }}
{% endtest %}
{% test expect_row_values_to_have_recent_data() %}
    {{ dbt_utils.absent(varargs, kwargs, 'dbt_expectations.expect_row_values_to_have_recent_data') }}
{% endtest %}
{% test expect_select_column_values_to_be_unique_within_record() %}
    {{ dbt_utils.absent(varargs, kwargs, 'dbt_expectations.expect_select_column_values_to_be_unique_within_record') }}
{% endtest %}
{% test expect_table_aggregation_to_equal_other_table() %}
    {{ dbt_utils.absent(varargs, kwargs, 'dbt_expectations.expect_table_aggregation_to_equal_other_table') }}
{% endtest %}
{% test expect_table_column_count_to_be_between() %}
    {{ dbt_utils.absent(varargs, kwargs, 'dbt_expectations.expect_table_column_count_to_be_between') }}
{% endtest %}
{% test expect_table_column_count_to_equal() %}
    {{ dbt_utils.absent(varargs, kwargs, 'dbt_expectations.expect_table_column_count_to_equal') }}
{% endtest %}
{% test expect_table_column_count_to_equal_other_table() %}
    {{ dbt_utils.absent(varargs, kwargs, 'dbt_expectations.expect_table_column_count_to_equal_other_table') }}
{% endtest %}
{% test expect_table_columns_to_contain_set() %}
    {{ dbt_utils.absent(varargs, kwargs, 'dbt_expectations.expect_table_columns_to_contain_set') }}
{% endtest %}
{% test expect_table_columns_to_match_ordered_list() %}
    {{ dbt_utils.absent(varargs, kwargs, 'dbt_expectations.expect_table_columns_to_match_ordered_list') }}
{% endtest %}
{% test expect_table_columns_to_match_set() %}
    {{ dbt_utils.absent(varargs, kwargs, 'dbt_expectations.expect_table_columns_to_match_set') }}
{% endtest %}
{% test expect_table_columns_to_not_contain_set() %}
    {{ dbt_utils.absent(varargs, kwargs, 'dbt_expectations.expect_table_columns_to_not_contain_set') }}
{% endtest %}
{% test expect_table_row_count_to_be_between() %}
    {{ dbt_utils.absent(varargs, kwargs, 'dbt_expectations.expect_table_row_count_to_be_between') }}
{% endtest %}
{% test expect_table_row_count_to_equal() %}
    {{ dbt_utils.absent(varargs, kwargs, 'dbt_expectations.expect_table_row_count_to_equal') }}
{% endtest %}
{% test expect_table_row_count_to_equal_other_table() %}
    {{ dbt_utils.absent(varargs, kwargs, 'dbt_expectations.expect_table_row_count_to_equal_other_table') }}
{% endtest %}
{% test expect_table_row_count_to_equal_other_table_times_factor() %}
    {{ dbt_utils.absent(varargs, kwargs, 'dbt_expectations.expect_table_row_count_to_equal_other_table_times_factor') }}
{% endtest %}
{% macro expression_between() %}
    {{ dbt_utils.absent(varargs, kwargs, 'dbt_expectations.expression_between') }}
{% endmacro %}
{% macro expression_is_true() %}
    {{ dbt_utils.absent(varargs, kwargs, 'dbt_expectations.expression_is_true') }}
{% endmacro %}
{% macro get_select() %}
    {{ dbt_utils.absent(varargs, kwargs, 'dbt_expectations.get_select') }}
{% endmacro %}
{% macro group_by() %}
    {{ dbt_utils.absent(varargs, kwargs, 'dbt_expectations.group_by') }}
{% endmacro %}
{% macro ignore_row_if_expression() %}
    {{ dbt_utils.absent(varargs, kwargs, 'dbt_expectations.ignore_row_if_expression') }}
{% endmacro %}
{% macro log_natural() %}
    {{ dbt_utils.absent(varargs, kwargs, 'dbt_expectations.log_natural') }}
{% endmacro %}
{% macro md5() %}
    {{ dbt_utils.absent(varargs, kwargs, 'dbt_expectations.md5') }}
{% endmacro %}
{% macro median() %}
    {{ dbt_utils.absent(varargs, kwargs, 'dbt_expectations.median') }}
{% endmacro %}
{% macro percentile_cont() %}
    {{ dbt_utils.absent(varargs, kwargs, 'dbt_expectations.percentile_cont') }}
{% endmacro %}
{% macro rand() %}
    {{ dbt_utils.absent(varargs, kwargs, 'dbt_expectations.rand') }}
{% endmacro %}
{% macro truth_expression() %}
    {{ dbt_utils.absent(varargs, kwargs, 'dbt_expectations.truth_expression') }}
{% endmacro %}
{% macro type_datetime() %}
    {{ dbt_utils.absent(varargs, kwargs, 'dbt_expectations.type_datetime') }}
{% endmacro %}
{% macro type_timestamp() %}
    {{ dbt_utils.absent(varargs, kwargs, 'dbt_expectations.type_timestamp') }}
{% endmacro %}
