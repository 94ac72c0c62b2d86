{% macro postgres__release_tables(schema) -%}
    {#- Statements that create the schema of the records and its tables. python -m ops evaluates this file with plain
        Jinja, without dbt, so it may use only its argument. Statements that lock an existing table run only if needed,
        because a lock on `releases` shows that a copy is running. -#}
    create schema if not exists {{ schema }};
    create table if not exists {{ schema }}.releases (
        release_id text primary key,
        git_commit text,
        backend_process integer not null,
        started_at timestamp with time zone not null default clock_timestamp(),
        ended_at timestamp with time zone,
        outcome text not null default 'running',
        message text,
        build_id text,
        newest_source_row_at timestamp with time zone,
        build_seconds numeric(10, 1),
        publish_seconds numeric(10, 1),
        nodes integer,
        warnings integer,
        was_retried boolean not null default false,
        source_rows bigint,
        migrated_rows bigint,
        excluded_rows bigint,
        rejected_rows bigint
    );
    create table if not exists {{ schema }}.builds (
        build_id text primary key,
        git_commit text,
        started_at timestamp with time zone not null default clock_timestamp(),
        finished_at timestamp with time zone,
        unfinished text[],
        project_checksum text
    );
    create table if not exists {{ schema }}.publications (
        publication_id integer generated always as identity primary key,
        action text not null,
        live_build_id text,
        previous_build_id text,
        published_at timestamp with time zone not null default clock_timestamp()
    );
    create table if not exists {{ schema }}.built_relations (
        relation regclass primary key,
        state jsonb not null
    );
    create table if not exists {{ schema }}.handovers (
        handed_over_at timestamp with time zone primary key default now(),
        schema_name text not null,
        build_id text not null,
        git_commit text,
        undone_at timestamp with time zone
    );
    create table if not exists {{ schema }}.first_writes (
        table_name text not null,
        written_at timestamp with time zone not null
    );
    do $$
    begin
        if not exists (
            select 1 from pg_catalog.pg_attribute
            where attrelid = cast('{{ schema }}.releases' as regclass) and attname = 'backend_started_at'
        ) then
            alter table {{ schema }}.releases add column backend_started_at timestamp with time zone;
        end if;
        {#- Builds are ordered by a number, because clocks are set back. Older builds have the number 0. #}
        if not exists (
            select 1 from pg_catalog.pg_attribute
            where attrelid = cast('{{ schema }}.builds' as regclass) and attname = 'build_number'
        ) then
            create sequence {{ schema }}.build_number owned by {{ schema }}.builds.build_id;
            alter table {{ schema }}.builds add column build_number bigint not null default 0;
            alter table {{ schema }}.builds alter column build_number set default nextval('{{ schema }}.build_number');
        end if;
        {#- The last comment exists once all do. #}
        if obj_description(cast('{{ schema }}.first_writes' as regclass), 'pg_class') is null then
            comment on table {{ schema }}.releases is
                'Production runs. One row per release; outcome is running, published, failed, interrupted or died.';
            comment on table {{ schema }}.builds is
                'Builds of target prod. One row per dbt invocation that wrote into the candidate; unfinished names what it did not build or what failed.';
            comment on table {{ schema }}.publications is
                'What readers saw, and since when. One row per publish or rollback.';
            comment on table {{ schema }}.built_relations is
                'What the builds made, in both versions. One row per table or view, as it was when it had been built.';
            comment on table {{ schema }}.handovers is
                'Hand-overs of the marts to the application. One row per hand-over; while undone_at is null, nothing is released.';
            comment on table {{ schema }}.first_writes is
                'When the application first wrote to a table. One row per table, or per transaction if several were the first.';
        end if;
    end $$;
{%- endmacro %}
