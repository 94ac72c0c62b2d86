-- The hand-over to the application, and its records.

-- Trigger of the application's tables. It does nothing on any other table.
create or replace function note_first_write() returns trigger
language plpgsql security definer set search_path from current as $$
begin
    -- Without a unique key concurrent first writers do not wait for each other.
    if
        tg_table_schema = (hand_over_in_force()).schema_name
        and not exists (select 1 from first_writes where table_name = tg_table_name)
    then
        insert into first_writes values (tg_table_name, clock_timestamp());
    end if;
    return null;
end $$;

-- Keeps everything away that could change what is handed over; stops when nothing can be handed over to this schema.
create or replace function begin_hand_over(app text) returns text
language plpgsql set search_path from current as $$
begin
    perform keep_out();
    lock table publications, builds in share row exclusive mode;
    return published_for_hand_over(app);
end $$;

-- The published build; stops when there is none, or the schema exists.
create or replace function published_for_hand_over(app text) returns text
language plpgsql stable set search_path from current as $$
begin
    perform refuse_after_hand_over('a hand-over');
    if last_publication() is null then
        raise sqlstate 'DP001' using
            message = 'Nothing was published that could be handed over: run make release first.';
    elsif to_regnamespace(quote_ident(app)) is not null then
        raise sqlstate 'DP001' using
            message = 'Schema ' || app || ' exists already: rename it, or name another one with --schema.';
    end if;
    return (last_publication()).live_build_id;
end $$;

-- Records the hand-over, with triggers on the tables that the application writes to. The schema has the rights that are
-- declared and no others, whatever default privileges and event triggers have added: these are revoked.
create or replace function hand_over(app text, commit text, written text[]) returns void
language plpgsql set search_path from current as $$
declare
    command text;
    undeclared text;
begin
    perform keep_out();
    lock table publications, builds in share row exclusive mode;
    perform refuse_after_hand_over('a hand-over');
    delete from first_writes;
    insert into handovers (schema_name, build_id, git_commit)
    values (app, (last_publication()).live_build_id, nullif(commit, ''));
    for command in
        select format(
            'create trigger note_first_write after insert or update or delete or truncate on %I.%I'
            ' for each statement execute function note_first_write()', app, name
        )
        from unnest(written) as name
    loop
        execute command;
    end loop;
    for command in
        select format('revoke %s%s on %s %s from %s cascade', privilege, columns, kind, object, grantee)
        from undeclared_rights_of_application(app, written)
    loop
        execute command;
    end loop;
    select string_agg(description, '; ') into undeclared from undeclared_rights_of_application(app, written);
    if undeclared is not null then
        raise sqlstate 'DP001' using message = undeclared || '. Nobody declared that, and a trigger gives it'
            || ' (select * from pg_event_trigger): remove the cause';
    end if;
end $$;

create or replace function undeclared_rights_of_application(app text, written text[])
returns table (description text, privilege text, columns text, kind text, object text, grantee text)
language sql stable set search_path from current
as $$
    select description, privilege, columns, kind, object, grantee
    from rights_in(array[app])
    where
        is_grantable
        or columns <> ''
        or not (
            grantee in ('dispatch_app', 'dispatch_engineer')
            and (kind = 'schema' and privilege = 'usage' or kind = 'table' and privilege = 'select')
            or grantee = 'dispatch_app'
            and (
                kind = 'sequence' and privilege = 'usage'
                or kind = 'table' and privilege in ('insert', 'update', 'delete')
                and object in (select format('%I.%I', app, name) from unnest(written) as name)
            )
        )
$$;

create or replace function undo_hand_over() returns void
language sql set search_path from current
as $$
    update handovers set undone_at = now() where undone_at is null
$$;

-- For an application that will not go back: it need not be noted any more when it first writes.
create or replace function stop_noting_first_writes() returns void
language plpgsql set search_path from current as $$
declare
    command text;
begin
    for command in
        select format('drop trigger %I on %s', tgname, tgrelid::regclass)
        from pg_trigger
        where tgfoid = 'note_first_write'::regproc
    loop
        execute command;
    end loop;
end $$;
