-- Rights. What a release makes gives rights to nobody but its owner, whatever default privileges and event triggers
-- add; then it gets the rights that are declared, and those that others had on the version before.

-- The rights in these schemas that others than the owners have, on schemas, relations, columns, sequences and
-- functions.
create or replace function rights_in(schemas text[])
returns table (
    schema text, kind text, object text, columns text,
    grantee text, privilege text, is_grantable boolean, description text
)
language sql stable set search_path from current
as $$
    with

    chosen as (select oid, nspname, nspowner, nspacl from pg_namespace where nspname = any(schemas)),

    relations as (
        select
            pg_class.oid, nspname, relowner, relacl, oid::regclass::text as object,
            case relkind when 'S' then 'sequence' else 'table' end as kind
        from pg_class
        inner join (select oid as schema_oid, nspname from chosen) as chosen on relnamespace = schema_oid
        where relkind in ('r', 'p', 'v', 'm', 'f', 'S')
    ),

    acls as (
        select
            'schema' as kind, quote_ident(nspname) as object, '' as columns, nspowner as owner, nspacl as acl, nspname
        from chosen
        union all
        select kind, object, '', relowner, relacl, nspname from relations
        union all
        select kind, object, ' (' || quote_ident(attname) || ')', relowner, attacl, nspname
        from relations
        inner join pg_attribute on attrelid = relations.oid and not attisdropped
        union all
        select
            case prokind when 'p' then 'procedure' else 'function' end, pg_proc.oid::regprocedure::text, '', proowner,
            coalesce(proacl, acldefault('f', proowner)), nspname
        from pg_proc
        inner join (select oid as schema_oid, nspname from chosen) as chosen on pronamespace = schema_oid
    )

    select
        nspname, kind, object, columns, role, lower(privilege_type), each.is_grantable,
        format('%s has %s%s on %s %s', role, lower(privilege_type), columns, kind, object)
        || case when each.is_grantable then ' with grant option' else '' end
    from acls
    cross join aclexplode(acl) as each
    cross join lateral (
        select case each.grantee when 0 then 'public' else quote_ident(pg_get_userbyid(each.grantee)) end as role
    ) as named
    where each.grantee <> owner
$$;

-- The rights that nobody declared: all but those of the two roles, and on published objects those in `kept`. The
-- records may be read by whom their owner lets read them.
create or replace function undeclared_rights(kept jsonb) returns setof text
language sql stable set search_path from current
as $$
    select description
    from rights_in(array(select unnest(array[live, next]) from layers()) || current_schema()::text)
    left join layers() on live = schema
    where
        not (schema = current_schema() and privilege in ('select', 'usage') and kind in ('schema', 'table'))
        and not (
            live is not null
            and description in (select each ->> 'description' from jsonb_array_elements(kept) as each)
        )
        -- Without the right on its schema, rights on what is not published say nothing.
        and not (live is null and schema <> current_schema() and kind <> 'schema')
        and not (
            live is not null and not is_grantable
            and (grantee = 'dispatch_engineer' or grantee = 'dispatch_analyst' and live = 'analytics')
            and (privilege = 'usage' and kind = 'schema' or privilege = 'select' and kind = 'table' and columns = '')
        )
$$;

-- Only its owner keeps rights on a schema.
create or replace function close_schema(name text) returns void
language plpgsql set search_path from current as $$
declare
    command text;
begin
    for command in
        select distinct format('revoke all on schema %s from %s cascade', object, grantee)
        from rights_in(array[name])
        where kind = 'schema'
    loop
        execute command;
    end loop;
end $$;

-- Gives what was just published, or has returned, the rights in `kept` (rights_in of the version before) and those of
-- the two roles, and no others. Relations that no build made are granted to no role.
create or replace function set_rights(kept jsonb) returns void
language plpgsql set search_path from current as $$
declare
    command text;
begin
    for command in
        select format('revoke all on %s %s from %s cascade', kind, string_agg(distinct object, ', '), grantee)
        from rights_in(array(select live from layers()))
        group by kind, grantee
    loop
        execute command;
    end loop;
    perform close_schema(next) from layers();
    for command in
        with

        readable as (
            select relation::text as object, live
            from built_relations
            inner join pg_class on pg_class.oid = relation
            inner join layers() on relnamespace = to_regnamespace(live)
        ),

        granted as (
            select grantee, privilege, kind, object, columns, is_grantable
            from jsonb_to_recordset(kept)
                as _ (kind text, object text, columns text, grantee text, privilege text, is_grantable boolean)
            where case
                when kind = 'schema' then to_regnamespace(object) is not null
                when columns = '' then to_regclass(object) is not null
                else exists (
                    select 1 from pg_attribute
                    where attrelid = to_regclass(object) and columns = ' (' || quote_ident(attname) || ')'
                )
            end
            union
            select 'dispatch_engineer', 'select', 'table', object, '', false from readable
            union
            select 'dispatch_analyst', 'select', 'table', object, '', false from readable where live = 'analytics'
            union
            select 'dispatch_engineer', 'usage', 'schema', live, '', false
            from layers()
            where to_regnamespace(live) is not null
            union
            select 'dispatch_analyst', 'usage', 'schema', 'analytics', '', false
        )

        select format(
            'grant %s%s on %s %s to %s%s', privilege, columns, kind, string_agg(object, ', '), grantee,
            case when is_grantable then ' with grant option' else '' end
        )
        from granted
        group by privilege, columns, kind, grantee, is_grantable
    loop
        execute command;
    end loop;
    execute format('grant usage on schema %1$I to dispatch_engineer; grant select on all tables in schema %1$I to'
        ' dispatch_engineer', current_schema());
end $$;

-- Roles belong to the server: they exist before the first publish and after the last.
create or replace function create_missing_roles() returns void
language plpgsql set search_path from current as $$
declare
    statements text := (
        select string_agg(format('create role %I nologin; ', role), '')
        from unnest(array['dispatch_engineer', 'dispatch_analyst']) as role
        where to_regrole(role) is null
    );
begin
    if statements is not null and not (select rolsuper or rolcreaterole from pg_roles where rolname = current_user) then
        raise sqlstate 'DP001' using message = format(
            'not published: user %s may not create roles. Ask the administrator for: %s', current_user, statements
        );
    end if;
    execute coalesce(statements, '');
end $$;
