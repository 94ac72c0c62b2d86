{% macro publish(build_id=none) -%}
    {%- set wanted = sql_text(build_id) if build_id else 'null' -%}
    {%- set build = swap_versions('publish', wanted ~ ", '" ~ project_checksum() ~ "', ") -%}
    {% do log('published build ' ~ build, info=True) %}
{%- endmacro %}

{% macro rollback() -%}
    {%- set build = swap_versions('rollback') -%}
    {% do log('rolled back to build ' ~ build ~ '; rollback again returns to the other version', info=True) %}
{%- endmacro %}

{% macro swap_versions(operation, arguments='') -%}
    {#- Calls a function of protocol/05_publish.sql in a transaction of its own; returns the published build. -#}
    {%- do assert_engine_can(operation) -%}
    {%- if not is_production() -%}
        {{ exceptions.raise_compiler_error(operation ~ " works on target prod only: add --target prod") }}
    {%- endif -%}
    {%- do assert_session() -%}
    {%- set seconds = (modules.datetime.datetime.now(modules.pytz.utc) - run_started_at).total_seconds() -%}
    {%- set schema, installation = release_schema(), install_protocol() -%}
    {#- In one message, so that nothing takes time between the swap and its commit. The queries above have begun a
        transaction already, perhaps with a snapshot. -#}
    {%- set done = run_query(
        "commit; begin; " ~ installation ~ " commit; begin isolation level read committed;"
        ~ " select " ~ schema ~ "." ~ operation ~ "(" ~ arguments ~ own_release() ~ ", " ~ seconds ~ "); commit;"
        ~ " select " ~ schema ~ ".record_publication();"
        ~ " select live_build_id from " ~ schema ~ ".last_publication()"
    ) -%}
    {{ return(done.rows[0][0]) }}
{%- endmacro %}

{% macro own_release() -%}
    {#- The id of the release that has started this run, as an SQL literal. -#}
    {{- sql_text(env_var('DISPATCH_RELEASE_ID', '')) -}}
{%- endmacro %}
