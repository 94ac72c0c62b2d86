{% macro release_table(name, schema=none) -%}
    {#- The name of a table of the release schema; none when it does not exist yet. Read from the catalog each time,
        because a hook may have created it without the knowledge of the dbt cache. -#}
    {%- set schema = schema or release_schema() -%}
    {%- set found = run_query(
        "select pg_get_userbyid(relowner) as owner,"
        ~ " has_schema_privilege(relnamespace, 'usage') and has_table_privilege(pg_class.oid, 'select') as is_readable"
        ~ " from pg_catalog.pg_class inner join pg_catalog.pg_namespace on relnamespace = pg_namespace.oid"
        ~ " where nspname = '" ~ schema ~ "' and relname = '" ~ name ~ "'"
    ).rows -%}
    {%- if found and not found[0].is_readable -%}
        {{ exceptions.raise_compiler_error(
            'user ' ~ target.user ~ ' may not read schema ' ~ schema ~ ', which belongs to user ' ~ found[0].owner
            ~ ": connect as that user (DISPATCH_PGUSER), or give target '" ~ target.name
            ~ "' another schema in profiles.yml."
        ) }}
    {%- endif -%}
    {{ return(schema ~ '.' ~ name if found else none) }}
{%- endmacro %}
