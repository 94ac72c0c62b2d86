{% macro swap_versions(action, build_id, preparations='') -%}
    {{ return(adapter.dispatch('swap_versions', 'dispatch')(action, build_id, preparations)) }}
{%- endmacro %}

{% macro postgres__swap_versions(action, build_id, preparations) -%}
    {#- One transaction: every schema of the candidate becomes the one that is read, and the other way round. Tables
        keep their keys and grants; a query that has begun goes on reading the version it began with. -#}
    {%- set schemas = released_schemas() -%}
    {%- set before = run_query(
        "select count(*) as publications from " ~ release_schema() ~ ".publications"
    ).rows[0].publications -%}
    {%- set newest = last_build().build_id -%}
    begin;
    lock table {{ release_schema() }}.publications, {{ release_schema() }}.builds in share row exclusive mode;
    do $$
    begin
        if (select count(*) from {{ release_schema() }}.publications) <> {{ before }} then
            raise exception 'not done: somebody else published or rolled back at this moment';
        end if;
        if (select build_id from {{ release_schema() }}.builds order by started_at desc limit 1) <> '{{ newest }}' then
            raise exception 'not done: a build has begun at this moment';
        end if;
    end $$;
    {{ preparations }}
    {{ wait_for_readers(schemas) }}
    {%- for schema in schemas %}
    {{ exchange(schema.live, schema.next) }}
    {%- endfor %}
    {{ grant_to_readers(schemas) }}
    insert into {{ release_schema() }}.publications (action, live_build_id, previous_build_id)
    select
        '{{ action }}',
        '{{ build_id }}',
        (select live_build_id from {{ release_schema() }}.publications order by publication_id desc limit 1);
    commit;
{%- endmacro %}

{% macro wait_for_readers(schemas) -%}
    {#- A statement that is being parsed at the moment of the commit may have looked up one table before it and looks up
        the next one after it: it would read two versions. Nobody is between two tables while all are locked. A query
        that has been running for long and keeps a table cannot be between two; it is not waited for. The locks of one
        attempt are held for less than deadlock_timeout, so that no reader is ever cancelled. -#}
    do $$
    declare
        tables text := (
            select string_agg(cast(pg_class.oid as regclass)::text, ', ' order by pg_class.oid)
            from pg_catalog.pg_class
            inner join pg_catalog.pg_namespace on relnamespace = pg_namespace.oid
            where
                nspname in ('{{ schemas | map(attribute="live") | join("', '") }}')
                -- A lock on a view of the staging layer would lock the legacy tables.
                and (relkind = 'r' or nspname = 'analytics')
        );
    begin
        if tables is null then
            return;
        end if;
        for attempt in 1..8 loop
            begin
                set local lock_timeout = '75ms';
                -- In one statement: a reader that begins between two locks may wait for one and hold the next.
                execute format('lock table %s in access exclusive mode', tables);
                exit;
            exception when lock_not_available then
                raise notice 'a query holds one of the tables that are read';
            end;
        end loop;
    end $$;
    set local lock_timeout = '5s';
{%- endmacro %}

{% macro exchange(live, next) -%}
    do $$
    begin
        if to_regnamespace('{{ live }}') is not null then
            alter schema {{ live }} rename to {{ live }}_leaving;
        end if;
        if to_regnamespace('{{ next }}') is not null then
            alter schema {{ next }} rename to {{ live }};
        end if;
        if to_regnamespace('{{ live }}_leaving') is not null then
            alter schema {{ live }}_leaving rename to {{ next }};
        end if;
    end $$;
{%- endmacro %}
