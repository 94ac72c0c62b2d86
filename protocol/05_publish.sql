-- Publish and rollback: the blue/green swap of the schemas, and what must be true before it.

-- Why this candidate cannot be published, as far as its records tell; null when it can be.
create or replace function why_not_publishable(wanted_build text, checksum text) returns text
language plpgsql stable set search_path from current as $$
declare
    newest builds := newest_build();
    again text := 'Run dbt build --target prod, then publish.';
begin
    return 'not published: ' || case
        when newest.build_id is null then 'nothing was built. ' || again
        when wanted_build <> newest.build_id
            then 'the candidate belongs to build ' || newest.build_id || ', not to ' || wanted_build
                || ': another run wrote into it. ' || again
        when was_published(newest.build_id) then 'build ' || newest.build_id || ' was published already. ' || again
        when newest.unfinished is null or newest.finished_at is null
            then 'build ' || newest.build_id || ' did not reach its end. ' || again
        when newest.unfinished <> '{}'
            then 'build ' || newest.build_id || ' left ' || cardinality(newest.unfinished)
                || ' nodes unbuilt, untested or failed (' || array_to_string(newest.unfinished[:3], ', ')
                || case when cardinality(newest.unfinished) > 3 then ', …' else '' end
                || '). Repair them, then dbt retry or dbt build the whole project with --target prod.'
        when newest.project is null
            then 'build ' || newest.build_id || ' was made by an older version of the project. ' || again
        when checksum <> newest.project_checksum
            then 'the project is not the one that was built and tested (build ' || newest.build_id
                || '): its models, variables, contracts or tags have changed since. ' || again
    end;
end $$;

-- Stops publish when the candidate is not, to the last row, what the build made and the tests saw, with every declared
-- constraint and as many rows as the ledger says. Locks it against writers first.
create or replace function refuse_changed_candidate(project jsonb) returns void
language plpgsql set search_path from current as $$
declare
    candidate text := prefix() || 'next_';
    command text := (
        select 'lock table ' || string_agg(oid::regclass::text, ', ' order by oid) || ' in share mode'
        from pg_class
        where
            relnamespace in (select to_regnamespace(next) from layers())
            and relkind = 'r'
            and pg_has_role(relowner, 'usage')
    );
    faults text[];
    more text[];
begin
    begin
        set local lock_timeout = '5s';
        execute coalesce(command, '');
    exception when lock_not_available then
        raise sqlstate 'DP075' using hint = 'Try again later.',
            message = 'not published: a session is writing into the candidate. End it, then publish again.';
    end;

    -- The tests of the build check the ledger too; here it is checked even if a test was changed or left out.
    execute format(
        'select array(
            select entity || '': '' || source_rows || '' rows, '' || migrated_rows + excluded_rows + rejected_rows
                || '' accounted for''
            from %1$saudit.migration_ledger
            where source_rows is distinct from migrated_rows + excluded_rows + rejected_rows
            union all
            select child || ''.'' || child_column || '': '' || orphan_rows || '' orphans, key ''
                || case when is_enforced then ''enforced'' else ''not enforced'' end
            from %1$saudit.foreign_key_ledger
            where orphan_rows > 0 or is_enforced is not true
        )', candidate
    ) into faults;
    if faults <> '{}' then
        raise sqlstate 'DP001' using
            message = 'not published: the ledger does not add up. ' || array_to_string(faults, '; ');
    end if;

    faults := array(
        with

        expected as (
            select full_name, to_regclass(full_name) as made
            from relations_of(project)
            cross join format('%I.%I', candidate || layer, name) as full_name
        )

        select full_name || ' is gone' from expected where made is null
        union all
        select full_name || ' is not the one that was built'
        from expected
        where made not in (select relation from built_relations)
        union all
        select made || ' has changed since it was built: ' || string_agg(key, ', ' order by key)
        from expected
        inner join built_relations on relation = made
        cross join jsonb_each(state_of(made)) as now
        where value is distinct from state -> key
        group by made
        union all
        select description || ' was not built'
        from objects_in(array(select next from layers()))
        where objid not in (select made from expected where made is not null)
    );
    select string_agg(
        format(
            'select %L || violated_constraint from (%s) as violations union all ',
            concat(candidate, relation ->> 'layer', '.', relation ->> 'name', ' lacks '), node ->> 'contract'
        ), ''
    )
    into command
    from jsonb_array_elements(project -> 'nodes') as node
    cross join jsonb_extract_path(node, 'relations', '0') as relation
    where node ->> 'contract' is not null;
    execute format(
        'select array(
            %1$s
            select entity || '' has '' || coalesce(state ->> ''row count'', ''no'') || '' rows, the ledger says ''
                || migrated_rows
            from %2$saudit.migration_ledger
            left join built_relations on relation = to_regclass(format(''%2$smarts.%%I'', entity))
            where cast(migrated_rows as text) is distinct from state ->> ''row count''
        )', command, candidate
    ) into more;
    faults := faults || more;
    if faults <> '{}' then
        raise sqlstate 'DP001' using message = 'not published: the candidate is not what was tested. '
            || array_to_string(faults[:5], '; ') || case when cardinality(faults) > 5 then '; …' else '' end
            || '. Remove what was not built, run dbt build --target prod, then publish.';
    end if;
end $$;

-- The query of the view that analysts get of a mart: the columns that neither its own build nor a later one (`later`, a
-- node of the same name) tags as personal. Free text is shown only where it matches `shown_if` of both.
create or replace function view_query(node jsonb, later jsonb, source text) returns text
language sql stable set search_path from current
as $$
    select format(
        'select %s from %s', string_agg(
            case
                when form is null then quote_ident(name)
                else format('case when %s then %2$I end as %2$I', form, name)
            end, ', ' order by place
        ) filter (where not is_personal), source
    )
    from (
        select
            name,
            min(place) as place,
            bool_or(coalesce((declared ->> 'pii')::boolean, false)) as is_personal,
            string_agg(distinct format('%I ~ %L', name, '^(' || (declared ->> 'shown_if') || ')$'), ' and ')
                filter (where declared ->> 'shown_if' is not null) as form
        from jsonb_array_elements(node -> 'mart' -> 'columns') with ordinality as own (own, place)
        cross join lateral (
            select own ->> 'name' as name
        ) as named
        cross join lateral (
            select own as declared
            union all
            select each from jsonb_array_elements(later -> 'mart' -> 'columns') as each where each ->> 'name' = name
        ) as both_builds
        group by name
    ) as columns
$$;

-- The marts of a project, each with what a later project says about it.
create or replace function marts_of(project jsonb, later jsonb)
returns table (name text, source text, node jsonb, later_node jsonb)
language sql stable set search_path from current
as $$
    select
        relation ->> 'name',
        format('%I.%I', prefix() || 'next_' || (relation ->> 'layer'), relation ->> 'name'),
        node,
        (select each from jsonb_array_elements(later -> 'nodes') as each where each ->> 'name' = node ->> 'name')
    from jsonb_array_elements(project -> 'nodes') as node
    cross join jsonb_extract_path(node, 'relations', '0') as relation
    where node ? 'mart'
$$;

-- Creates the views of the schema analytics for the candidate, or again those of the previous version in which a later
-- build hides something. A view belongs to the version of its table and is swapped with it.
create or replace function create_views(project jsonb, later jsonb) returns void
language plpgsql set search_path from current as $$
declare
    command text;
begin
    create schema if not exists analytics_next;
    for command in
        select statement
        from marts_of(project, later)
        cross join view_query(node, later_node, source) as query
        cross join format('analytics_next.%I', name) as view
        cross join lateral (
            select 'drop view if exists ' || view as statement, 1 as place
            union all
            select format('create view %s as %s', view, query), 2
            union all
            select format('comment on view %s is %L', view, btrim(node -> 'mart' ->> 'description', E' \n')), 3
            union all
            select
                format(
                    'comment on column %s.%I is %L', view, declared ->> 'name',
                    btrim(declared ->> 'description', E' \n')
                ), 4
            from jsonb_array_elements(node -> 'mart' -> 'columns') as declared
            where
                declared ->> 'description' <> ''
                and not coalesce((declared ->> 'pii')::boolean, false)
                and not exists (
                    select 1 from jsonb_array_elements(later_node -> 'mart' -> 'columns') as each
                    where each ->> 'name' = declared ->> 'name' and (each ->> 'pii')::boolean
                )
        ) as statements
        where to_regclass(view) is null or query <> view_query(node, null, source)
        order by name, place
    loop
        execute command;
    end loop;
    perform record_relations(array(select oid from pg_class where relnamespace = to_regnamespace('analytics_next')));
    delete from built_relations where relation not in (select oid from pg_class);
end $$;

-- What publish and rollback have in common before they change anything. After it no other publish, rollback, hand-over
-- or build begins until the transaction ends. `seconds` is how long ago the caller began to decide: two rollbacks at
-- the same moment would undo each other. That duration comes from the clock of the caller's machine, the time of a
-- publication from that of the server.
create or replace function reserve_versions(operation text, own_release text, seconds numeric) returns void
language plpgsql set search_path from current as $$
declare
    before bigint;
begin
    if current_setting('transaction_isolation') <> 'read committed' then
        raise sqlstate 'DP001' using
            message = operation || ' must run in a transaction of isolation level read committed.';
    end if;
    select count(*) into before from publications;
    lock table publications, builds in share row exclusive mode;
    if exists (
        select 1 from publications
        having
            count(*) <> before
            or bool_or(published_at between clock_timestamp() - make_interval(secs => seconds) and clock_timestamp())
    ) then
        raise sqlstate 'DP001' using message = format(
            'not done: somebody else published or rolled back since this command began; look at %s.publications, then'
            ' decide again', current_schema()
        );
    end if;
    perform refuse_after_hand_over(operation), refuse_during_release(own_release), refuse_to_lose_objects();
end $$;

-- Publishes the candidate and returns its build. `wanted_build` and `checksum` (of the project) are null for any.
create or replace function publish(wanted_build text, checksum text, own_release text, seconds numeric) returns text
language plpgsql set search_path from current as $$
declare
    newest builds;
    reason text;
begin
    perform refuse_after_hand_over('publish'), refuse_during_release(own_release);
    for attempt in 1..2 loop
        reason := why_not_publishable(wanted_build, checksum);
        if reason is not null then
            raise sqlstate 'DP001' using message = reason;
        end if;
        -- The second look is at what no other session changes any more.
        perform reserve_versions('publish', own_release, seconds) where attempt = 1;
    end loop;
    newest := newest_build();
    perform refuse_changed_candidate(newest.project), create_missing_roles(), create_views(newest.project, null);
    perform swap_versions('publish', newest.build_id);
    return newest.build_id;
end $$;

-- Restores the version before the last publish and returns its build; a second rollback undoes the first. A column that
-- the newest build hides from analysts stays hidden.
create or replace function rollback(own_release text, seconds numeric) returns text
language plpgsql set search_path from current as $$
declare
    newest builds;
    returning_build builds;
    reason text;
begin
    perform refuse_after_hand_over('rollback'), refuse_during_release(own_release);
    for attempt in 1..2 loop
        newest := newest_build();
        reason := case
            when newest.build_id is null then 'nothing was published yet.'
            when not was_published(newest.build_id)
                then 'build ' || newest.build_id || ' has begun in the place of the previous version, which is gone.'
                    || ' Publish a good build.'
            when (last_publication()).previous_build_id is null
                then 'there is no version before build ' || newest.build_id || '.'
        end;
        if reason is not null then
            raise sqlstate 'DP001' using message = 'not rolled back: ' || reason;
        end if;
        perform reserve_versions('rollback', own_release, seconds) where attempt = 1;
    end loop;
    select * into returning_build from builds where build_id = (last_publication()).previous_build_id;
    -- A build of an older version did not record what its views show.
    reason := (
        select string_agg(distinct view || '.' || attname, ', ')
        from marts_of(newest.project, null)
        cross join to_regclass(format('analytics_next.%I', name)) as view
        cross join jsonb_array_elements(node -> 'mart' -> 'columns') as declared
        inner join pg_attribute on attrelid = view and attname = declared ->> 'name' and not attisdropped
        where returning_build.project is null and (declared ->> 'pii' = 'true' or declared ->> 'shown_if' is not null)
    );
    if reason is not null then
        raise sqlstate 'DP001' using message =
            'not rolled back: analysts would see columns that are personal since build ' || newest.build_id || ': '
            || reason || '. Drop these views, then try again.';
    end if;
    perform create_missing_roles(), create_views(returning_build.project, newest.project);
    perform swap_versions('rollback', returning_build.build_id);
    return returning_build.build_id;
end $$;

-- The swap, in one transaction: each schema of the candidate is published, and the published one takes its place.
-- Tables keep their keys; a running query continues on the version that it began with.
create or replace function swap_versions(done text, build text) returns void
language plpgsql set search_path from current as $$
declare
    kept jsonb := (select coalesce(jsonb_agg(each), '[]') from rights_in(array(select live from layers())) as each);
    published oid[] := array(
        select oid
        from pg_class
        where
            -- A lock on a view of the staging layer would lock the legacy tables.
            relnamespace in (select to_regnamespace(live) from layers() where relkind = 'r' or live = 'analytics')
            and relkind in ('r', 'v')
    );
    command text;
    undeclared text;
begin
    for command in
        select unnest(array[
            case when has_live then format('alter schema %I rename to %I', live, live || '_leaving') end,
            case when has_next then format('alter schema %I rename to %I', next, live) end,
            case when has_live then format('alter schema %I rename to %I', live || '_leaving', next) end
        ])
        from (
            select
                live, next, to_regnamespace(live) is not null as has_live, to_regnamespace(next) is not null as has_next
            from layers()
        ) as swapped
    loop
        continue when command is null;
        execute command;
    end loop;
    perform set_rights(kept);
    select string_agg(each, '; ') into undeclared from undeclared_rights(kept) as each;
    if undeclared is not null then
        raise sqlstate 'DP001' using message = 'not done: ' || undeclared || '. Nobody declared that, and a trigger'
            || ' gives it (select * from pg_event_trigger), or somebody gave it: remove the cause, revoke it, then try'
            || ' again.';
    end if;
    insert into publications (action, live_build_id, previous_build_id)
    values (done, build, (last_publication()).live_build_id);
    perform await_readers(published);
end $$;
