{# The names of all else that the real package has: a call ends with a sentence that says why it is not there. #}
{% test at_least_one() %}
    {{ dbt_utils.absent(varargs, kwargs, 'dbt_utils.at_least_one') }}
{% endtest %}
{% test cardinality_equality() %}
    {{ dbt_utils.absent(varargs, kwargs, 'dbt_utils.cardinality_equality') }}
{% endtest %}
{% macro date_spine() %}
    {{ dbt_utils.absent(varargs, kwargs, 'dbt_utils.date_spine') }}
{% endmacro %}
{% macro deduplicate() %}
    {{ dbt_utils.absent(varargs, kwargs, 'dbt_utils.deduplicate') }}
{% endmacro %}
{% macro degrees_to_radians() %}
    {{ dbt_utils.absent(varargs, kwargs, 'dbt_utils.degrees_to_radians') }}
{% endmacro %}
{% test equal_rowcount() %}
    {{ dbt_utils.absent(varargs, kwargs, 'dbt_utils.equal_rowcount') }}
{% endtest %}
{% test equality() %}
    {{ dbt_utils.absent(varargs, kwargs, 'dbt_utils.equality') }}
{% endtest %}
{% test fewer_rows_than() %}
    {{ dbt_utils.absent(varargs, kwargs, 'dbt_utils.fewer_rows_than') }}
{% endtest %}
{% macro generate_series() %}
    {{ dbt_utils.absent(varargs, kwargs, 'dbt_utils.generate_series') }}
{% endmacro %}
{% macro generate_surrogate_key() %}
    {{ dbt_utils.absent(varargs, kwargs, 'dbt_utils.generate_surrogate_key') }}
{% endmacro %}
{% macro get_column_values() %}
    {{ dbt_utils.absent(varargs, kwargs, 'dbt_utils.get_column_values') }}
{% endmacro %}
{% macro get_filtered_columns_in_relation() %}
    {{ dbt_utils.absent(varargs, kwargs, 'dbt_utils.get_filtered_columns_in_relation') }}
{% endmacro %}
{% macro get_intervals_between() %}
    {{ dbt_utils.absent(varargs, kwargs, 'dbt_utils.get_intervals_between') }}
{% endmacro %}
{% macro get_powers_of_two() %}
    {{ dbt_utils.absent(varargs, kwargs, 'dbt_utils.get_powers_of_two') }}
{% endmacro %}
{% macro get_query_results_as_dict() %}
    {{ dbt_utils.absent(varargs, kwargs, 'dbt_utils.get_query_results_as_dict') }}
{% endmacro %}
{% macro get_relations_by_pattern() %}
    {{ dbt_utils.absent(varargs, kwargs, 'dbt_utils.get_relations_by_pattern') }}
{% endmacro %}
{% macro get_relations_by_prefix() %}
    {{ dbt_utils.absent(varargs, kwargs, 'dbt_utils.get_relations_by_prefix') }}
{% endmacro %}
{% macro get_single_value() %}
    {{ dbt_utils.absent(varargs, kwargs, 'dbt_utils.get_single_value') }}
{% endmacro %}
{% macro get_table_types_sql() %}
    {{ dbt_utils.absent(varargs, kwargs, 'dbt_utils.get_table_types_sql') }}
{% endmacro %}
{% macro get_tables_by_pattern_sql() %}
    {{ dbt_utils.absent(varargs, kwargs, 'dbt_utils.get_tables_by_pattern_sql') }}
{% endmacro %}
{% macro get_tables_by_prefix_sql() %}
    {{ dbt_utils.absent(varargs, kwargs, 'dbt_utils.get_tables_by_prefix_sql') }}
{% endmacro %}
{% macro get_url_host() %}
    {{ dbt_utils.absent(varargs, kwargs, 'dbt_utils.get_url_host') }}
{% endmacro %}
{% macro get_url_parameter() %}
    {{ dbt_utils.absent(varargs, kwargs, 'dbt_utils.get_url_parameter') }}
{% endmacro %}
{% macro get_url_path() %}
    {{ dbt_utils.absent(varargs, kwargs, 'dbt_utils.get_url_path') }}
{% endmacro %}
{% macro group_by() %}
    {{ dbt_utils.absent(varargs, kwargs, 'dbt_utils.group_by') }}
{% endmacro %}
{% macro haversine_distance() %}
    {{ dbt_utils.absent(varargs, kwargs, 'dbt_utils.haversine_distance') }}
{% endmacro %}
{% macro log_info() %}
    {{ dbt_utils.absent(varargs, kwargs, 'dbt_utils.log_info') }}
{% endmacro %}
{% test mutually_exclusive_ranges() %}
    {{ dbt_utils.absent(varargs, kwargs, 'dbt_utils.mutually_exclusive_ranges') }}
{% endtest %}
{% test not_accepted_values() %}
    {{ dbt_utils.absent(varargs, kwargs, 'dbt_utils.not_accepted_values') }}
{% endtest %}
{% test not_constant() %}
    {{ dbt_utils.absent(varargs, kwargs, 'dbt_utils.not_constant') }}
{% endtest %}
{% macro nullcheck() %}
    {{ dbt_utils.absent(varargs, kwargs, 'dbt_utils.nullcheck') }}
{% endmacro %}
{% macro nullcheck_table() %}
    {{ dbt_utils.absent(varargs, kwargs, 'dbt_utils.nullcheck_table') }}
{% endmacro %}
{% macro pivot() %}
    {{ dbt_utils.absent(varargs, kwargs, 'dbt_utils.pivot') }}
{% endmacro %}
{% macro pretty_log_format() %}
    {{ dbt_utils.absent(varargs, kwargs, 'dbt_utils.pretty_log_format') }}
{% endmacro %}
{% macro pretty_time() %}
    {{ dbt_utils.absent(varargs, kwargs, 'dbt_utils.pretty_time') }}
{% endmacro %}
{% test recency() %}
    {{ dbt_utils.absent(varargs, kwargs, 'dbt_utils.recency') }}
{% endtest %}
{% test relationships_where() %}
    {{ dbt_utils.absent(varargs, kwargs, 'dbt_utils.relationships_where') }}
{% endtest %}
{% macro safe_add() %}
    {{ dbt_utils.absent(varargs, kwargs, 'dbt_utils.safe_add') }}
{% endmacro %}
{% macro safe_divide() %}
    {{ dbt_utils.absent(varargs, kwargs, 'dbt_utils.safe_divide') }}
{% endmacro %}
{% macro safe_subtract() %}
    {{ dbt_utils.absent(varargs, kwargs, 'dbt_utils.safe_subtract') }}
{% endmacro %}
{% test sequential_values() %}
    {{ dbt_utils.absent(varargs, kwargs, 'dbt_utils.sequential_values') }}
{% endtest %}
{% macro slugify() %}
    {{ dbt_utils.absent(varargs, kwargs, 'dbt_utils.slugify') }}
{% endmacro %}
{% macro star() %}
    {{ dbt_utils.absent(varargs, kwargs, 'dbt_utils.star') }}
{% endmacro %}
{% macro surrogate_key() %}
    {{ dbt_utils.absent(varargs, kwargs, 'dbt_utils.surrogate_key') }}
{% endmacro %}
{% macro test_not_null_proportion() %}
    {{ dbt_utils.absent(varargs, kwargs, 'dbt_utils.test_not_null_proportion') }}
{% endmacro %}
{% macro union_relations() %}
    {{ dbt_utils.absent(varargs, kwargs, 'dbt_utils.union_relations') }}
{% endmacro %}
{% macro unpivot() %}
    {{ dbt_utils.absent(varargs, kwargs, 'dbt_utils.unpivot') }}
{% endmacro %}
{% macro width_bucket() %}
    {{ dbt_utils.absent(varargs, kwargs, 'dbt_utils.width_bucket') }}
{% endmacro %}
