{% macro create_missing_roles() -%}
    {#- Statements that create the missing roles. Roles belong to the server: they exist before the first publish and
        after the last. -#}
    {%- set missing = run_query(
        "select role from unnest(array['dispatch_engineer', 'dispatch_analyst']) as role"
        ~ " where not exists (select 1 from pg_catalog.pg_roles where rolname = role)"
    ).columns[0].values() -%}
    {%- set statements -%}
        {%- for role in missing %}create role {{ role }} nologin; {% endfor -%}
    {%- endset -%}
    {%- if missing and not run_query(
        'select rolsuper or rolcreaterole from pg_catalog.pg_roles where rolname = current_user'
    ).rows[0][0] -%}
        {{ exceptions.raise_compiler_error(
            'not published: user ' ~ target.user ~ ' may not create roles. Ask the administrator for: ' ~ statements
        ) }}
    {%- endif -%}
    {{ return(statements) }}
{%- endmacro %}
