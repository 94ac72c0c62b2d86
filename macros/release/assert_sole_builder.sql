{% macro assert_sole_builder() -%}
    {#- No statement of another run may be in progress. Any user can set an application name, so only sessions of users
        who may build count. -#}
    {%- if execute and is_production() and flags.WHICH in ('build', 'run', 'seed', 'snapshot') -%}
        {%- set others = run_query(
            "select pid || ' of user ' || usename from pg_catalog.pg_stat_activity"
            ~ " where datname = current_database() and pid <> pg_backend_pid()"
            ~ " and application_name in ('dispatch build', 'dispatch release') and state is distinct from 'idle'"
            ~ " and exists (select 1 from pg_catalog.pg_namespace"
            ~ " where nspname = '" ~ release_schema() ~ "' and pg_has_role(usesysid, nspowner, 'usage'))"
        ).columns[0].values() -%}
        {%- if others -%}
            {{ exceptions.raise_compiler_error(
                'another dbt run with --target prod is writing into the candidate (session ' ~ others | join(', ')
                ~ '): wait until it has ended.'
            ) }}
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}
