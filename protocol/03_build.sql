-- The build of a candidate. `project` is what a publish needs of the project: {"checksum", "nodes": [{"name",
-- "relations": [{"layer", "name"}, …], "is_history", "contract", "mart": {"description", "columns": [{"name",
-- "description", "pii", "shown_if"}, …]}}, …]}. `contract` is the query for what the relation lacks of its contract.

-- Begins a build: the candidate is its own from now on. `histories` are the snapshots, as layer.name, that it builds.
create or replace function begin_build(
    build text, project jsonb, git_commit text, own_release text, operation text, histories text[]
) returns void
language plpgsql set search_path from current as $$
declare
    command text;
begin
    -- A hand-over, publish or rollback locks the table until it ends: after this statement its outcome is known.
    insert into builds (build_id, git_commit, project_checksum, project)
    values (build, nullif(git_commit, ''), project ->> 'checksum', project);
    perform refuse_after_hand_over(operation), refuse_during_release(own_release), refuse_other_builders();
    if last_publication() is null then
        perform refuse_foreign_analytics();
    end if;
    perform refuse_to_lose_objects();
    for command in
        -- Made here, so that they are closed below: default privileges may open a new schema.
        select format('create schema if not exists %I', next) from layers() where live <> 'analytics'
        union all
        -- Remains of the version before last: readers' views, and relations that the project no longer builds.
        select 'drop schema if exists analytics_next cascade'
        union all
        select format(
            'drop %s if exists %s.%I cascade', case relkind when 'v' then 'view' else 'table' end,
            relnamespace::regnamespace, relname
        )
        from pg_class
        where
            relkind in ('r', 'v')
            and relnamespace in (select to_regnamespace(next) from layers())
            and (relnamespace, relname) not in (
                select coalesce(to_regnamespace(prefix() || 'next_' || layer), 0), name from relations_of(project)
            )
        union all
        -- A table that is loaded in batches keeps its rows: one that somebody has altered since is loaded again.
        select format('drop table %s cascade', relation)
        from relations_of(project) as kept
        inner join built_relations on relation = to_regclass(format('%I.%I', prefix() || 'next_' || layer, name))
        where
            exists (select from relations_of(project) as other where other.node = kept.node and other.name <> kept.name)
            and structure_of(relation) is distinct from state - array['contents', 'row count']
        union all
        -- A history continues from the published one, not from that of a refused candidate.
        select unnest((array[
            format('drop table if exists %s.%I', next, history[2]),
            format('create table %1$s.%3$I as select * from %2$s.%3$I', next, live, history[2])
        ])[: case when to_regclass(format('%s.%I', live, history[2])) is null then 1 else 2 end])
        from unnest(histories) as each
        cross join parse_ident(each) as history
        inner join layers() on next = prefix() || 'next_' || history[1]
    loop
        execute command;
    end loop;
    delete from built_relations where relation not in (select oid from pg_class);
    perform close_schema(next) from layers();
end $$;

create or replace function relations_of(project jsonb) returns table (node text, layer text, name text)
language sql stable set search_path from current
as $$
    select each ->> 'name', relation ->> 'layer', relation ->> 'name'
    from jsonb_array_elements(project -> 'nodes') as each
    cross join jsonb_array_elements(each -> 'relations') as relation
$$;

-- No statement of another run may be in progress. Any user can set an application name, so only sessions of users who
-- may build count.
create or replace function refuse_other_builders() returns void
language plpgsql stable set search_path from current as $$
declare
    others text := (
        select string_agg(pid || ' of user ' || usename, ', ')
        from pg_stat_activity
        where
            datname = current_database()
            and pid <> pg_backend_pid()
            and application_name in ('dispatch build', 'dispatch release')
            and state is distinct from 'idle'
            and pg_has_role(usesysid, (select nspowner from pg_namespace where nspname = current_schema()), 'usage')
    );
begin
    if others is not null then
        raise sqlstate 'DP075' using hint = 'Try again later.', message =
            'another dbt run with --target prod is writing into the candidate (session ' || others
            || '): wait until it has ended.';
    end if;
end $$;

-- Before the first publish the schemas of the analysts' views must not exist yet.
create or replace function refuse_foreign_analytics() returns void
language plpgsql stable set search_path from current as $$
begin
    if coalesce(to_regnamespace('analytics'), to_regnamespace('analytics_next')) is not null then
        raise sqlstate 'DP001' using message = 'database ' || quote_literal(current_database())
            || ' has a schema analytics or analytics_next that no release has made, and a publish would replace it:'
            || ' rename it, or give the project a database of its own.';
    end if;
end $$;

create or replace function refuse_overtaken_build(build text) returns void
language plpgsql stable set search_path from current as $$
begin
    if (newest_build()).build_id is distinct from build then
        raise sqlstate 'DP001' using
            message = 'another dbt run with --target prod has started since and now owns the candidate';
    end if;
end $$;

-- Records what was built, in the transaction that built it: publish refuses a relation that has changed since.
create or replace function record_relations(relations regclass[]) returns void
language sql set search_path from current
as $$
    insert into built_relations (relation, state)
    select built, state_of(built) from unnest(relations) as built
    on conflict (relation) do update set state = excluded.state
$$;

-- Ends a run: records which nodes the candidate still lacks. A run that does only what the run before it left
-- unfinished, as dbt retry does, continues its list. A run that rebuilt anything else makes the tests that passed
-- before out of date. `build` is null for a run of tests: it updates the row of the build it tested, unless that is
-- published.
create or replace function finish_build(
    build text, checksum text, every_node text[], built text[], passed text[], failed text[]
) returns void
language plpgsql set search_path from current as $$
declare
    earlier builds := (
        select builds
        from builds
        where build_id is distinct from build
        order by build_number desc, started_at desc
        limit 1
    );
    is_continued boolean := earlier.unfinished is not null
        and earlier.project_checksum = checksum
        and not was_published(earlier.build_id)
        and earlier.unfinished @> built;
begin
    update builds
    set
        finished_at = clock_timestamp(),
        unfinished = array(
            select node
            from unnest(case when is_continued then earlier.unfinished else every_node end)
                with ordinality as _ (node, place)
            where node <> all (passed) and node <> all (failed)
            order by place
        ) || failed
    where
        build_id = (newest_build()).build_id
        and not was_published(build_id)
        and (build_id = build or build is null and unfinished is not null);
end $$;
