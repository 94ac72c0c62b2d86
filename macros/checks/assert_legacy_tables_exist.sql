{% macro assert_legacy_tables_exist() -%}
    {#- Without this, a missing table shows as one database error for each model that reads it. -#}
    {%- if execute and flags.WHICH in ('run', 'build', 'retry', 'test', 'snapshot') -%}
        {%- if '"' in target.dbname -%}
            {{ exceptions.raise_compiler_error(
                "The name of the database, " ~ target.dbname ~ ", has a double quote in it, which dbt cannot quote: rename it."
            ) }}
        {%- endif -%}
        {%- set schema = sql_var('legacy_schema') -%}
        {%- set present = run_query(
            "select table_name from information_schema.tables where table_schema = " ~ schema
        ).columns[0].values() -%}
        {%- set missing = graph.sources.values() | selectattr('package_name', 'equalto', project_name)
            | map(attribute='identifier') | reject('in', present) | sort | list -%}
        {%- if missing -%}
            {{ exceptions.raise_compiler_error(
                "legacy table" ~ ("s" if missing | length > 1 else "") ~ " missing in schema " ~ schema ~ " of database '"
                ~ target.dbname ~ "': " ~ missing | join(', ')
                ~ ". Load the legacy database there, or name its schema in dbt_project.yml (legacy_schema)."
            ) }}
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}
