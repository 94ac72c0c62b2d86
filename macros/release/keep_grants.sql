{% macro keep_grants(schemas) -%}
    {#- Readers of the published version keep their rights on the version that replaces it: rights that others have on a
        schema, a relation or a column are copied to the one of the same name; all other rights are revoked. -#}
    do $$
    declare
        command text;
    begin
        for command in
            with

            swapped as (
                select now.oid as live, later.oid as next, now.nspacl as live_acl, later.nspacl as next_acl, later.nspowner,
                    quote_ident(later.nspname) as object
                from (
                    values
                    {%- for schema in schemas %}
                    ('{{ schema.live }}', '{{ schema.next }}'){{ ',' if not loop.last }}
                    {%- endfor %}
                ) as names (live, next)
                inner join pg_catalog.pg_namespace as now on now.nspname = names.live
                inner join pg_catalog.pg_namespace as later on later.nspname = names.next
            ),

            relations as (
                select now.oid as live, later.oid as next, now.relacl as live_acl, later.relacl as next_acl, later.relowner,
                    cast(cast(later.oid as regclass) as text) as object
                from swapped
                inner join pg_catalog.pg_class as now on now.relnamespace = swapped.live and now.relkind in ('r', 'v')
                inner join pg_catalog.pg_class as later
                    on later.relnamespace = swapped.next and later.relname = now.relname and later.relkind in ('r', 'v')
            ),

            acls as (
                select 'schema' as kind, object, '' as columns, nspowner as owner, live_acl, next_acl from swapped
                union all
                select 'table', object, '', relowner, live_acl, next_acl from relations
                union all
                select 'table', object, ' (' || quote_ident(now.attname) || ')', relowner, now.attacl, later.attacl
                from relations
                inner join pg_catalog.pg_attribute as now on now.attrelid = live
                inner join pg_catalog.pg_attribute as later on later.attrelid = next and later.attname = now.attname
            ),

            rights as (
                select kind, object, columns, is_kept, privilege_type, is_grantable,
                    case grantee when 0 then 'public' else quote_ident(pg_get_userbyid(grantee)) end as grantee
                from acls
                cross join lateral (
                    select false as is_kept, * from aclexplode(next_acl)
                    union all
                    select true, * from aclexplode(live_acl)
                ) as each
                where grantee <> owner
            )

            select statement
            from (
                select distinct false as is_kept, format('revoke all on %s %s from %s cascade', kind, object, grantee) as statement
                from rights
                where not is_kept
                union all
                select true, format('grant %s%s on %s %s to %s', privilege_type, columns, kind,
                    string_agg(object, ', '), grantee) || case when is_grantable then ' with grant option' else '' end
                from rights
                where is_kept
                group by kind, columns, privilege_type, is_grantable, grantee
            ) as commands
            order by is_kept
        loop
            execute command;
        end loop;
    end $$;
{%- endmacro %}

{% macro close_to_others(schema) -%}
    {#- Only its owner keeps rights on a schema. -#}
    do $$
    declare
        other text;
    begin
        for other in
            select distinct case grantee when 0 then 'public' else quote_ident(pg_get_userbyid(grantee)) end
            from pg_catalog.pg_namespace
            cross join lateral aclexplode(nspacl)
            where nspname = '{{ schema }}' and grantee <> nspowner
        loop
            execute 'revoke all on schema {{ schema }} from ' || other || ' cascade';
        end loop;
    end $$;
{%- endmacro %}
