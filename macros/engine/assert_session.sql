{% macro assert_session() -%}
    {{ return(adapter.dispatch('assert_session', 'dispatch')()) }}
{%- endmacro %}

{% macro postgres__assert_session() -%}
    {#- Compared in Jinja and not in the database, where a hostile search_path could replace an operator. -#}
    {%- if execute -%}
        {%- if "'" in target.dbname or '"' in target.dbname -%}
            {{ exceptions.raise_compiler_error(
                'the name of database ' ~ target.dbname ~ ' contains a quotation mark: rename it, or use another one.'
            ) }}
        {%- endif -%}
        {%- do assert_schemas_have_room() -%}
        {%- for name in ('PGHOSTADDR', 'PGSERVICE', 'PGCLIENTENCODING', 'PGDATESTYLE', 'PGTZ') if env_var(name, '') -%}
            {{ exceptions.raise_compiler_error(
                'the environment variable ' ~ name ~ ' changes what dbt connects to, or how: unset it. Only DISPATCH_PG*'
                ~ ' and profiles.yml decide.'
            ) }}
        {%- endfor -%}
        {%- set pinned = session_settings() -%}
        {#- Not every user can set these, and not on every version. -#}
        {%- set wanted = dict(
            pinned, session_replication_role='origin', transaction_timeout='0', server_encoding='UTF8'
        ) -%}
        {%- set found = run_query(
            "select pg_catalog.current_setting('" ~ wanted | join("', true), pg_catalog.current_setting('") ~ "', true),"
            ~ " pg_catalog.pg_is_in_recovery()"
        ).rows[0] -%}
        {%- if found[-1] -%}
            {{ exceptions.raise_compiler_error(
                'the server is a standby, which nothing can be written to: connect to the primary.'
            ) }}
        {%- endif -%}
        {%- for name, value in wanted.items() -%}
            {%- if name == 'server_encoding' -%}
                {%- set remedy = 'make a database with encoding UTF8' -%}
            {%- elif name in pinned -%}
                {%- set remedy = 'search_path of target ' ~ target.name ~ ' in profiles.yml lacks the line '
                    ~ ('' if name == 'search_path' else '--' ~ name ~ '=') ~ value ~ ' that profiles.yml.example has' -%}
            {%- else -%}
                {%- set remedy = 'alter role ' ~ target.user ~ ' reset ' ~ name ~ ', or the same for the database' -%}
            {%- endif -%}
            {%- if found[loop.index0] not in (value, none) -%}
                {%- do refuse_setting(name, found[loop.index0], value, remedy) -%}
            {%- endif -%}
        {%- endfor -%}
        {%- set lowered = run_query('select ' ~ lower_case("'ÉIİΣ'")).rows[0][0] -%}
        {%- if lowered != 'éiiσ' -%}
            {{ exceptions.raise_compiler_error(
                "the locale of database '" ~ target.dbname ~ "' turns ÉIİΣ into " ~ lowered ~ " instead of éiiσ, and this"
                ~ ' server has no other: make the database with LC_CTYPE C.UTF-8, or use PostgreSQL 17 or newer.'
            ) }}
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}

{% macro assert_schemas_have_room() -%}
    {#- PostgreSQL would cut a longer name without a word. -#}
    {%- set longest = own_nodes('model', 'seed', 'snapshot') | map(attribute='schema') | map('length') | max -%}
    {%- if longest > 63 -%}
        {{ exceptions.raise_compiler_error(
            "schema '" ~ target.schema ~ "' of target '" ~ target.name ~ "' is too long: with the names of the layers it"
            ~ ' may have ' ~ (target.schema | length - longest + 63) ~ ' characters, and it has ' ~ target.schema | length
            ~ '. Shorten it in profiles.yml.'
        ) }}
    {%- endif -%}
{%- endmacro %}

{% macro spark__assert_session() -%}
    {%- if execute -%}
        {%- for name, value in spark_session_settings().items() -%}
            {%- do run_query('set ' ~ name ~ ' = ' ~ value) -%}
            {%- set found = run_query('set ' ~ name).rows[0].value -%}
            {%- if found != value -%}
                {%- do refuse_setting(name, found, value, 'the cluster does not let it be set') -%}
            {%- endif -%}
        {%- endfor -%}
    {%- endif -%}
{%- endmacro %}

{% macro refuse_setting(name, found, wanted, remedy) -%}
    {#- Stops dbt: a setting of the connection is not the pinned one. -#}
    {{ exceptions.raise_compiler_error(
        name ~ ' of the connection is ' ~ found ~ ' and must be ' ~ wanted ~ ': ' ~ remedy ~ '.'
    ) }}
{%- endmacro %}
