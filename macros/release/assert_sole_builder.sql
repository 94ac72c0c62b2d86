{% macro assert_sole_builder() -%}
    {#- Before a run takes the candidate, and once more when it has it: no statement of another may be on its way. -#}
    {%- if execute and is_production() and flags.WHICH in ('build', 'run', 'seed', 'snapshot') -%}
        {%- set others = run_query(
            "select pid from pg_catalog.pg_stat_activity"
            ~ " where datname = current_database() and pid <> pg_backend_pid()"
            ~ " and application_name in ('dispatch build', 'dispatch release') and state <> 'idle'"
        ).columns[0].values() -%}
        {%- if others -%}
            {{ exceptions.raise_compiler_error(
                'another dbt run with --target prod is writing into the candidate (session ' ~ others | join(', ')
                ~ '): wait until it has ended.'
            ) }}
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}
