{% macro release_table(name) -%}
    {#- One of the tables in which builds, publications and releases are written down; none when it is not there yet.
        Asked anew: dbt's cache does not know what a hook has created. -#}
    {%- set found = run_query(
        "select pg_get_userbyid(relowner) as owner,"
        ~ " has_schema_privilege(relnamespace, 'usage') and has_table_privilege(pg_class.oid, 'select') as is_readable"
        ~ " from pg_catalog.pg_class inner join pg_catalog.pg_namespace on relnamespace = pg_namespace.oid"
        ~ " where nspname = '" ~ release_schema() ~ "' and relname = '" ~ name ~ "'"
    ).rows -%}
    {%- if found and not found[0].is_readable -%}
        {{ exceptions.raise_compiler_error(
            'user ' ~ target.user ~ ' may not read schema ' ~ release_schema() ~ ', which belongs to user ' ~ found[0].owner
            ~ ": connect as that user (DISPATCH_PGUSER), or give target '" ~ target.name
            ~ "' another schema in profiles.yml."
        ) }}
    {%- endif -%}
    {{ return(release_schema() ~ '.' ~ name if found else none) }}
{%- endmacro %}
