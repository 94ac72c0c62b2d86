{% macro session_settings() -%}
    {#- The settings on which results, keys and names depend, as {name: value}: those of search_path in
        profiles.yml.example, except lock_timeout. -#}
    {{ return({
        'search_path': 'pg_catalog, pg_temp',
        'client_encoding': 'UTF8',
        'standard_conforming_strings': 'on',
        'datestyle': 'ISO, MDY',
        'intervalstyle': 'postgres',
        'timezone': 'UTC',
        'bytea_output': 'hex',
        'extra_float_digits': '1',
        'array_nulls': 'on',
        'transform_null_equals': 'off',
        'quote_all_identifiers': 'off',
        'row_security': 'off',
        'default_transaction_isolation': 'read committed',
        'default_transaction_read_only': 'off',
        'statement_timeout': '0',
        'idle_in_transaction_session_timeout': '0',
        'idle_session_timeout': '0',
        'client_connection_check_interval': '10s',
    }) }}
{%- endmacro %}
