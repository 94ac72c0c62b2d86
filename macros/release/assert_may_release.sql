{% macro assert_may_release() -%}
    {#- Stops a user who does not own the release schema. PostgreSQL would refuse too, at the first statement, but
        without saying what to do. -#}
    {%- set owner = run_query(
        "select pg_get_userbyid(nspowner) from pg_catalog.pg_namespace where nspname = '" ~ release_schema() ~ "'"
        ~ " and not pg_has_role(nspowner, 'usage')"
    ).columns[0].values() | first -%}
    {%- if owner -%}
        {{ exceptions.raise_compiler_error(
            'schema ' ~ release_schema() ~ ' belongs to user ' ~ owner ~ ', and user ' ~ target.user
            ~ ' may not release: connect as that user (DISPATCH_PGUSER), or as a member of it.'
        ) }}
    {%- endif -%}
{%- endmacro %}
