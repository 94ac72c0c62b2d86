-- The records of releases and hand-overs. All files of this folder run in the order of their names, in one transaction,
-- with search_path = <schema of the records>, pg_catalog, pg_temp. They add what is missing in a schema of any older
-- version. Statements that lock an existing table run only if needed: a lock on `releases` shows that a copy is
-- running.
select set_config('dispatch.tables_before', cast(array_agg(oid) as text), true)
from pg_class
where relnamespace = cast(current_schema() as regnamespace);

create table if not exists installations (
    installation_id integer generated always as identity primary key,
    protocol text not null,
    installed_at timestamp with time zone not null default clock_timestamp()
);

-- One session at a time.
lock table installations in exclusive mode;

create table if not exists releases (
    release_id text primary key,
    git_commit text,
    backend_process integer not null,
    backend_started_at timestamp with time zone,
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

create table if not exists builds (
    build_id text primary key,
    git_commit text,
    started_at timestamp with time zone not null default clock_timestamp(),
    finished_at timestamp with time zone,
    unfinished text[],
    project_checksum text
);

create table if not exists publications (
    publication_id integer generated always as identity primary key,
    action text not null,
    live_build_id text,
    previous_build_id text,
    published_at timestamp with time zone not null default clock_timestamp()
);

create table if not exists built_relations (
    relation regclass primary key,
    state jsonb not null
);

create table if not exists handovers (
    handed_over_at timestamp with time zone primary key default now(),
    schema_name text not null,
    build_id text not null,
    git_commit text,
    undone_at timestamp with time zone
);

create table if not exists first_writes (
    table_name text not null,
    written_at timestamp with time zone not null
);

do $$
declare
    has text[] := array(
        select attrelid::regclass || '.' || attname
        from pg_attribute
        where attrelid in ('releases'::regclass, 'builds'::regclass) and attnum > 0 and not attisdropped
    );
begin
    if 'releases.backend_started_at' <> all (has) then
        alter table releases add column backend_started_at timestamp with time zone;
    end if;
    -- Builds are ordered by a number, because clocks are set back. Builds of older versions have the number 0.
    if 'builds.build_number' <> all (has) then
        create sequence build_number owned by builds.build_id;
        alter table builds add column build_number bigint not null default 0;
        alter table builds alter column build_number set default nextval('build_number');
    end if;
    if 'builds.project' <> all (has) then
        alter table builds add column project jsonb;
    end if;
    -- The last comment exists once all do.
    if obj_description('installations'::regclass, 'pg_class') is null then
        comment on table releases is
            'Production runs. One row per release; outcome is running, published, failed, interrupted or died.';
        comment on table builds is
            'Builds of target prod. One row per dbt invocation that wrote into the candidate; unfinished names what it'
            ' did not build or what failed, project is what a publish needs of the project that was built.';
        comment on table publications is
            'What readers saw, and since when. One row per publish or rollback.';
        comment on table built_relations is
            'What the builds made, in both versions. One row per table or view, as it was when it had been built.';
        comment on table handovers is
            'Hand-overs of the marts to the application. One row per hand-over; while undone_at is null, nothing is'
            ' released.';
        comment on table first_writes is
            'When the application first wrote to a table. One row per table, or per transaction if several were the'
            ' first.';
        comment on table installations is
            'Which functions this schema has. One row per change; protocol is a checksum of their texts.';
    end if;
end $$;
