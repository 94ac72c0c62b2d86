-- What is true now, and the rules that follow from it. SQLSTATE DP001 is a refusal; DP075 also, but the same call may
-- succeed later, which its hint says to those who see no SQLSTATE.

-- Who runs a release, or null. A release is running while its row says so and the session that wrote the row is alive;
-- the start of another user's session may be hidden. A lock that everybody may take would not show it.
create or replace function running_release(own_release text default '') returns text
language sql stable set search_path from current
as $$
    select release_id || ' (session ' || pid || ' of user ' || usename || ')'
    from releases
    inner join pg_stat_activity on pid = backend_process
    where
        outcome = 'running'
        and release_id <> coalesce(own_release, '')
        and coalesce(backend_start = backend_started_at, true)
    limit 1
$$;

-- The session of the copy that is filling the landing, or null.
create or replace function running_copy() returns text
language sql stable set search_path from current
as $$
    select 'session ' || pid || ' of user ' || usename
    from pg_locks
    inner join pg_stat_activity using (pid)
    where relation = 'releases'::regclass and granted and mode = 'ShareUpdateExclusiveLock'
    limit 1
$$;

-- The build that the candidate belongs to.
create or replace function newest_build() returns builds
language sql stable set search_path from current
as $$ select builds from builds order by build_number desc, started_at desc limit 1 $$;

create or replace function last_publication() returns publications
language sql stable set search_path from current
as $$ select publications from publications order by publication_id desc limit 1 $$;

create or replace function was_published(build text) returns boolean
language sql stable set search_path from current
as $$ select build in (select live_build_id from publications where live_build_id is not null) $$;

create or replace function hand_over_in_force() returns handovers
language sql stable set search_path from current
as $$ select handovers from handovers where undone_at is null limit 1 $$;

-- What the names of the layers begin with.
create or replace function prefix() returns text
language sql stable set search_path from current
as $$ select left(current_schema(), -length('release')) $$;

-- The schemas that are published together. `next` holds the candidate or, after a publish, the previous version.
create or replace function layers() returns table (live text, next text)
language sql stable set search_path from current
as $$
    select prefix() || layer, prefix() || 'next_' || layer
    from (
        -- Older versions did not record the project.
        select substr(nspname, length(prefix()) + 6) as layer
        from built_relations
        inner join pg_class on pg_class.oid = relation
        inner join pg_namespace on pg_namespace.oid = relnamespace
        where starts_with(nspname, prefix() || 'next_')
        union
        select relation ->> 'layer'
        from builds
        cross join jsonb_array_elements(project -> 'nodes') as node
        cross join jsonb_array_elements(node -> 'relations') as relation
        where
            build_id in (
                (newest_build()).build_id, (last_publication()).live_build_id, (last_publication()).previous_build_id
            )
    ) as known
    union all
    select 'analytics', 'analytics_next'
    order by 1;
$$;

-- All of it, for people and programs.
create or replace function state() returns jsonb
language sql stable set search_path from current
as $$ select jsonb_build_object(
    'owner', pg_get_userbyid((select nspowner from pg_namespace where nspname = current_schema())),
    'release', running_release(),
    'copy', running_copy(),
    'build', to_jsonb(newest_build()) - 'project',
    'publication', to_jsonb(last_publication()),
    'handover', to_jsonb(hand_over_in_force()),
    'layers', (select jsonb_object_agg(live, next) from layers())
) $$;

create or replace function refuse_after_hand_over(operation text) returns void
language plpgsql stable set search_path from current as $$
declare
    found handovers := hand_over_in_force();
begin
    if found.schema_name is not null then
        raise sqlstate 'DP001' using message = operation
            || ' is refused: the marts were handed over to the application on '
            || to_char(found.handed_over_at, 'YYYY-MM-DD HH24:MI TZ') || ' (schema ' || found.schema_name
            || '). As long as it has not written, python -m ops handover --undo takes that back.';
    end if;
end $$;

create or replace function refuse_during_release(own_release text) returns void
language plpgsql stable set search_path from current as $$
declare
    running text := running_release(own_release);
begin
    if running is not null then
        raise sqlstate 'DP075' using hint = 'Try again later.', message = format(
            'release %s is running and the candidate is its own %s: wait until it has ended.',
            split_part(running, ' ', 1), substr(running, strpos(running, ' ') + 1)
        );
    end if;
end $$;

-- All objects in these schemas: tables, views, functions, types, …
create or replace function objects_in(schemas text[])
returns table (classid oid, objid oid, schema oid, description text)
language sql stable set search_path from current
as $$
    select pg_depend.classid, pg_depend.objid, pg_namespace.oid, identified.type || ' ' || identified.identity
    from pg_depend
    inner join pg_namespace on refobjid = pg_namespace.oid
    cross join pg_identify_object(pg_depend.classid, pg_depend.objid, 0) as identified
    where refclassid = 'pg_namespace'::regclass and deptype = 'n' and nspname = any(schemas);
$$;

-- A publish moves everything in the published schemas away with the old version, and the build after the next drops it.
-- A schema in which nothing is recorded was published before relations were recorded. Rights of others are kept, so
-- what hides rows from them must not be lost either.
create or replace function refuse_to_lose_objects() returns void
language plpgsql stable set search_path from current as $$
declare
    published text[] := array(select live from layers());
    others text[] := array(
        select description
        from objects_in(published)
        where
            not (classid = 'pg_class'::regclass and objid in (select relation from built_relations))
            and schema in (
                select relnamespace from pg_class inner join built_relations on relation = pg_class.oid
            )
        union all
        select 'policy ' || quote_ident(polname) || ' on ' || polrelid::regclass
        from pg_policy
        inner join pg_class on polrelid = pg_class.oid
        where relnamespace::regnamespace::text = any(published)
        limit 5
    );
begin
    if others <> '{}' then
        raise sqlstate 'DP001' using message = 'not done: no build made ' || array_to_string(others, ', ')
            || ', and a publish would take it away. Move it into a schema of its own (alter … set schema …), or drop'
            || ' it, then try again.';
    end if;
end $$;

-- All of a relation, but for its rows, that must not change between its tests and its publication.
create or replace function structure_of(relation regclass) returns jsonb
language sql stable set search_path from current
as $$
    select
        jsonb_build_object(
            'name', relation::text,
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
                select md5(string_agg(ev_action::text, ',' order by rulename)) from pg_rewrite where ev_class = relation
            )
        )
    from pg_class
    where oid = relation
$$;

-- The same with its rows. The transactions that wrote them, and how many rows are left of each, show every insert,
-- update and delete; a vacuum changes neither.
create or replace function state_of(relation regclass) returns jsonb
language plpgsql stable set search_path from current as $$
declare
    contents text;
    row_count bigint;
begin
    if (select relkind from pg_class where oid = relation) = 'r' and has_table_privilege(relation, 'select') then
        execute format(
            'select md5(string_agg(writer || '' '' || written, '','' order by writer)), coalesce(sum(written), 0)'
            ' from (select cast(xmin as text) as writer, count(*) as written from %s group by xmin) as writers',
            relation
        ) into contents, row_count;
    end if;
    return structure_of(relation) || jsonb_build_object('contents', contents, 'row count', row_count);
end $$;
