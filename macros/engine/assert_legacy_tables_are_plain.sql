{% macro assert_legacy_tables_are_plain() -%}
    {{ return(adapter.dispatch('assert_legacy_tables_are_plain', 'dispatch')()) }}
{%- endmacro %}

{% macro postgres__assert_legacy_tables_are_plain() -%}
    {#- Reading a view, or casting a value of a user-defined type, runs functions with the rights of the reader. -#}
    {%- if execute and flags.WHICH in ('run', 'build', 'retry', 'test', 'snapshot') -%}
        {%- set found = run_query(
            "select relname, attname, relkind in ('r', 'p') as is_table from pg_catalog.pg_class"
            ~ " inner join pg_catalog.pg_attribute on attrelid = pg_class.oid and attnum > 0"
            ~ " inner join pg_catalog.pg_type on atttypid = pg_type.oid"
            ~ " inner join pg_catalog.pg_namespace on relnamespace = pg_namespace.oid"
            ~ " where nspname = " ~ sql_var('legacy_schema') ~ " and relkind in ('r', 'p', 'v', 'm', 'f')"
            ~ " and (relkind not in ('r', 'p') or typnamespace <> cast('pg_catalog' as regnamespace)) order by 1, 2"
        ).rows -%}
        {%- set read = {} -%}
        {%- for source in graph.sources.values() if source.package_name == project_name -%}
            {%- do read.update({source.identifier: source.columns}) -%}
        {%- endfor -%}
        {%- for column in found if column.attname in read.get(column.relname, ()) -%}
            {{ exceptions.raise_compiler_error(
                'legacy table ' ~ column.relname ~ (
                    ': column ' ~ column.attname ~ " is of a type that is not PostgreSQL's own" if column.is_table
                    else ' is not a table'
                ) ~ ', and functions of its owner would run with the rights of user ' ~ target.user
                ~ '. Copy it into a table of built-in types, as python -m ops source copy does.'
            ) }}
        {%- endfor -%}
    {%- endif -%}
{%- endmacro %}

{% macro spark__assert_legacy_tables_are_plain() -%}
    {#- Whoever may connect to a Spark driver may run code there anyway. -#}
{%- endmacro %}
