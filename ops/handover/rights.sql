-- Statements that take away from a role what lets it read the schemas of the migration. One row per statement.
with

attributes as (
    select
        unnest(array['superuser', 'createrole', 'replication', 'bypassrls']) as attribute,
        unnest(array[rolsuper, rolcreaterole, rolreplication, rolbypassrls]) as is_set
    from pg_roles
    where rolname = %(role)s
),

schemas as (
    select oid, nspname
    from pg_namespace
    where starts_with(nspname, %(prefix)s) or nspname in ('analytics', %(landing)s)
),

-- Every role that it can become or inherits from, itself included; a superuser could become any.
reached as (
    select pg_roles.oid, pg_roles.rolname, rolsuper or rolcreaterole or rolreplication or rolbypassrls as is_powerful
    from pg_roles
    where pg_has_role(%(role)s, pg_roles.oid, 'member')
)

select format('alter role %%I no%%s', %(role)s, attribute)
from attributes
where is_set
union all
select distinct format('revoke %%I from %%I', granted.rolname, %(role)s)
from pg_auth_members
inner join pg_roles as granted on granted.oid = roleid
inner join reached on pg_has_role(granted.oid, reached.oid, 'member')
where
    member = (select oid from pg_roles where rolname = %(role)s)
    and (
        is_powerful
        or reached.rolname in ('pg_read_all_data', 'pg_write_all_data', 'pg_read_server_files', 'pg_execute_server_program')
        or exists (select 1 from schemas where has_schema_privilege(reached.oid, schemas.oid, 'usage, create'))
    )
union all
select distinct format('revoke all on schema %%I from %%I', nspname, %(role)s)
from schemas
inner join pg_namespace using (oid, nspname)
cross join lateral aclexplode(nspacl)
where grantee = (select oid from pg_roles where rolname = %(role)s)
