-- Run by itself, before it is decided whether the other files must run: stops a user or a project that may not install
-- them, and says in the setting dispatch.is_installed whether the schema has them already. The settings dispatch.schema
-- (name of the schema of the records) and dispatch.protocol (checksum of all files) are those of the caller.
do $$
declare
    place text := current_setting('dispatch.schema');
    protocol text := current_setting('dispatch.protocol');
    owner_id oid := (select nspowner from pg_catalog.pg_namespace where nspname = place);
    known text[];
begin
    if not pg_has_role(owner_id, 'usage') then
        raise sqlstate 'DP001' using message = format(
            'Schema %s belongs to user %s, and user %s may not release: connect as that user (DISPATCH_PGUSER), or as a'
            ' member of it.', place, pg_get_userbyid(owner_id), current_user
        );
    end if;
    if to_regclass(format('%I.installations', place)) is not null then
        execute format('select array(select protocol from %I.installations order by installation_id desc)', place)
        into known;
    end if;
    if known[1] <> protocol and protocol = any(known) then
        raise sqlstate 'DP001' using message = format(
            'another version of the project has replaced the functions in schema %1$s that this version had installed,'
            ' and this one is older: update it. To go back on purpose: delete from %1$s.installations, then try again.',
            place
        );
    end if;
    perform set_config('dispatch.is_installed', coalesce(known[1] = protocol, false)::text, false);
end $$;
