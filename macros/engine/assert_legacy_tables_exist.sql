{% macro assert_legacy_tables_exist() -%}
    {#- Without this, a missing table shows as one database error for each model that reads it. -#}
    {%- if execute and flags.WHICH in ('run', 'build', 'retry', 'test', 'snapshot') -%}
        {%- set present = adapter.dispatch('legacy_tables', 'dispatch')() -%}
        {%- set missing = graph.sources.values() | selectattr('package_name', 'equalto', project_name)
            | map(attribute='identifier') | reject('in', present) | sort | list -%}
        {%- if missing -%}
            {{ exceptions.raise_compiler_error(
                "legacy table" ~ ("s" if missing | length > 1 else "") ~ " missing in schema " ~ sql_var('legacy_schema')
                ~ adapter.dispatch('legacy_tables_are_loaded_by', 'dispatch')(missing | join(', '))
            ) }}
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}

{% macro postgres__legacy_tables() -%}
    {#- Names of the tables in the legacy schema. -#}
    {%- if '"' in target.dbname -%}
        {{ exceptions.raise_compiler_error(
            "The name of the database, " ~ target.dbname ~ ", has a double quote in it, which dbt cannot quote: rename it."
        ) }}
    {%- endif -%}
    {{ return(run_query(
        "select table_name from information_schema.tables where table_schema = " ~ sql_var('legacy_schema')
    ).columns[0].values()) }}
{%- endmacro %}

{% macro postgres__legacy_tables_are_loaded_by(missing) -%}
    {#- End of the error message: where, which tables, what to do. -#}
    {{ return(
        " of database '" ~ target.dbname ~ "': " ~ missing
        ~ ". Load the legacy database there, or name its schema in dbt_project.yml (legacy_schema)."
    ) }}
{%- endmacro %}

{% macro spark__legacy_tables() -%}
    {#- Names of the tables in the legacy schema. -#}
    {%- set schema = (graph.sources.values() | selectattr('package_name', 'equalto', project_name) | first).schema -%}
    {%- if not adapter.check_schema_exists(target.database, schema) -%}
        {{ return([]) }}
    {%- endif -%}
    {{ return(run_query('show tables in ' ~ adapter.quote(schema)).columns['tableName'].values()) }}
{%- endmacro %}

{% macro spark__legacy_tables_are_loaded_by(missing) -%}
    {#- End of the error message: where, which tables, what to do. -#}
    {{ return(" of the Spark cluster: " ~ missing ~ ". python -m ops source export writes and registers them.") }}
{%- endmacro %}
