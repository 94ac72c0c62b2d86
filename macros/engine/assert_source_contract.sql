{% macro assert_source_contract() -%}
    {#- Without this, a missing table shows as one database error for each model that reads it. -#}
    {%- if execute and flags.WHICH in ('run', 'build', 'retry', 'test', 'snapshot') -%}
        {%- do adapter.dispatch('assert_source_contract', 'dispatch')(declared_sources()) -%}
    {%- endif -%}
{%- endmacro %}

{% macro declared_sources() -%}
    {#- Type of every declared column, by table; without secret columns, which are not in a landing. -#}
    {%- set declared = {} -%}
    {%- for source in graph.sources.values() | selectattr('package_name', 'equalto', project_name) -%}
        {%- set columns = {} -%}
        {%- for column in source.columns.values() | rejectattr('config.meta.secret', 'equalto', true) -%}
            {%- do columns.update({column.name: column.data_type}) -%}
        {%- endfor -%}
        {%- do declared.update({source.identifier: columns}) -%}
    {%- endfor -%}
    {{ return(declared) }}
{%- endmacro %}

{% macro postgres__assert_source_contract(declared) -%}
    {#- Every fault in one message; what may be read, but is unusual, is logged. -#}
    {%- set found = {'missing': [], 'refused': [], 'unreadable': [], 'note': []} -%}
    {%- set has_time_zone = sql_var('legacy_time_zone') != "''" -%}
    {%- for row in run_query(source_findings(declared, sql_var('legacy_schema'), 'build', has_time_zone)).rows -%}
        {%- do found[row.kind].append(row.sentence) -%}
    {%- endfor -%}
    {%- do refuse_missing_tables(
        found.missing, " of database '" ~ target.dbname ~ "'",
        'Load the legacy database there, or name its schema in dbt_project.yml (legacy_schema).'
    ) -%}
    {%- for sentence in found.note -%}
        {%- do log('Legacy table ' ~ sentence, info=True) -%}
    {%- endfor -%}
    {%- if found.refused or found.unreadable -%}
        {{ exceptions.raise_compiler_error(
            'the legacy tables in schema ' ~ sql_var('legacy_schema') ~ ' are not as their sources are declared:\n  '
            ~ (found.refused + found.unreadable) | join('\n  ')
        ) }}
    {%- endif -%}
{%- endmacro %}

{% macro spark__assert_source_contract(declared) -%}
    {#- The export has checked everything else. Whoever may connect to a Spark driver may run code there anyway. -#}
    {%- set schema = (graph.sources.values() | selectattr('package_name', 'equalto', project_name) | first).schema -%}
    {%- set present = [] -%}
    {%- if adapter.check_schema_exists(target.database, schema) -%}
        {%- do present.extend(run_query('show tables in ' ~ adapter.quote(schema)).columns['tableName'].values()) -%}
    {%- endif -%}
    {%- do refuse_missing_tables(
        declared | reject('in', present) | sort | list, ' of the Spark cluster',
        'python -m ops source export writes and registers them.'
    ) -%}
{%- endmacro %}

{% macro refuse_missing_tables(missing, place, remedy) -%}
    {#- Stops dbt when the list of missing legacy tables is not empty: which, where, what to do. -#}
    {%- if missing -%}
        {{ exceptions.raise_compiler_error(
            'legacy table' ~ ('s' if missing | length > 1 else '') ~ ' missing in schema ' ~ sql_var('legacy_schema')
            ~ place ~ ': ' ~ missing | join(', ') ~ '. ' ~ remedy
        ) }}
    {%- endif -%}
{%- endmacro %}
