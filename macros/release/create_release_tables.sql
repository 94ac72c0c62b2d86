{% macro create_release_tables() -%}
    {%- set schema = release_schema() -%}
    create schema if not exists {{ schema }};
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
    {#- Builds are ordered by a number, because clocks can be set back. Older builds, without one, have the number 0.
        -#}
    do $$
    begin
        if not exists (
            select 1 from pg_catalog.pg_attribute
            where attrelid = cast('{{ schema }}.builds' as regclass) and attname = 'build_number'
        ) then
            create sequence {{ schema }}.build_number owned by {{ schema }}.builds.build_id;
            alter table {{ schema }}.builds add column build_number bigint not null default 0;
            alter table {{ schema }}.builds alter column build_number set default nextval('{{ schema }}.build_number');
            comment on table {{ schema }}.builds is
                'Builds of target prod. One row per dbt invocation that wrote into the candidate; unfinished names what it did not build or what failed.';
            comment on table {{ schema }}.publications is
                'What readers saw, and since when. One row per publish or rollback.';
            comment on table {{ schema }}.built_relations is
                'What the builds made, in both versions. One row per table or view, as it was when it had been built.';
        end if;
    end $$;
    {#- Everything about a relation that must not change between its tests and its publication. The transactions that
        wrote its rows, and how many rows each of them left, show every insert, update and delete; a vacuum changes
        neither. -#}
    create or replace function {{ schema }}.state_of(relation regclass) returns jsonb
    language plpgsql stable set search_path = pg_catalog as $$
    declare
        contents text;
        row_count bigint;
    begin
        if (select relkind from pg_class where oid = relation) = 'r' and has_table_privilege(relation, 'select') then
            execute format(
                'select md5(string_agg(writer || '' '' || written, '','' order by writer)), coalesce(sum(written), 0)'
                || ' from (select cast(xmin as text) as writer, count(*) as written from %s group by xmin) as writers',
                relation
            ) into contents, row_count;
        end if;
        return (
            select
                jsonb_build_object(
                    'name', cast(relation as text),
                    'kind', relkind,
                    'options', case relkind when 'v' then reloptions end,
                    'owner', pg_get_userbyid(relowner),
                    'row security', relrowsecurity,
                    'columns', (
                        select jsonb_agg(attname || ' ' || format_type(atttypid, atttypmod) order by attnum)
                        from pg_attribute
                        where attrelid = relation and attnum > 0 and not attisdropped
                    ),
                    'checks', (
                        select jsonb_agg(conname || ' ' || pg_get_constraintdef(oid) order by conname)
                        from pg_constraint
                        where conrelid = relation and contype = 'c'
                    ),
                    'definition', (
                        select md5(string_agg(cast(ev_action as text), ',' order by rulename))
                        from pg_rewrite
                        where ev_class = relation
                    ),
                    'contents', contents,
                    'row count', row_count
                )
            from pg_class
            where oid = relation
        );
    end $$;
{%- endmacro %}
