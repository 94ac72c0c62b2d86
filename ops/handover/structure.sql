-- The structure of a schema: its objects, and those of others that depend on them. One row per object and property, so
-- that two results can be compared. Triggers that record the first write do not count.
with

relations as (
    select *
    from pg_class
    where relnamespace = cast('{schema}' as regnamespace) and relkind in ('r', 'p', 'v', 'm', 'f', 'S')
),

columns as (
    select pg_attribute.*
    from pg_attribute
    inner join relations on attrelid = relations.oid and relkind <> 'S'
    where attnum > 0 and not attisdropped
),

dependent as (
    select
        -- The rule of a view stands for the view.
        case when rulename = '_RETURN' then cast('pg_class' as regclass) else classid end as class,
        case when rulename = '_RETURN' then ev_class else objid end as id,
        max(
            case
                when deptype in ('a', 'i') and refclassid = cast('pg_class' as regclass)
                    and rulename is distinct from '_RETURN'
                    then refobjid
            end
        ) as part_of
    from pg_depend
    left join pg_rewrite on classid = cast('pg_rewrite' as regclass) and objid = pg_rewrite.oid
    left join pg_trigger on classid = cast('pg_trigger' as regclass) and objid = pg_trigger.oid
    left join pg_constraint on classid = cast('pg_constraint' as regclass) and objid = pg_constraint.oid
    left join pg_class on classid = cast('pg_class' as regclass) and objid = pg_class.oid
    where
        (
            refclassid = cast('pg_namespace' as regclass) and refobjid = cast('{schema}' as regnamespace)
            or refclassid = cast('pg_class' as regclass) and refobjid in (select oid from relations)
            or refclassid = cast('pg_type' as regclass) and refobjid in (select reltype from relations)
        )
        -- Defaults and not-null constraints are properties of their columns.
        and classid <> cast('pg_attrdef' as regclass)
        and pg_constraint.contype is distinct from 'n'
        and pg_trigger.tgisinternal is distinct from true
        and pg_trigger.tgname is distinct from 'note_first_write'
        -- The types of rows and their arrays, and the storage of long values.
        and (classid <> cast('pg_type' as regclass) or deptype <> 'i')
        and pg_class.relkind is distinct from 't'
    group by 1, 2
),

objects as (
    select
        class, id, sub, part_of,
        regexp_replace(object.type, '^(table|view) (?=column|constraint)', '') || ' ' || object.identity as name
    from (
        select cast('pg_namespace' as regclass) as class, oid as id, 0 as sub, null as part_of
        from pg_namespace
        where oid = cast('{schema}' as regnamespace)
        union
        select cast('pg_class' as regclass), attrelid, attnum, attrelid
        from columns
        union
        select class, id, 0, part_of
        from dependent
    ) as listed
    cross join lateral pg_identify_object(class, id, sub) as object
),

rights as (
    select cast('pg_namespace' as regclass) as class, oid as id, 0 as sub, nspowner as owner, nspacl as acl, 'n' as kind
    from pg_namespace
    union all
    select cast('pg_class' as regclass), oid, 0, relowner, relacl, case relkind when 'S' then 's' else 'r' end
    from relations
    union all
    select cast('pg_class' as regclass), attrelid, attnum, relowner, attacl, 'c'
    from columns
    inner join relations on attrelid = relations.oid
    union all
    select cast('pg_default_acl' as regclass), oid, 0, defaclrole, defaclacl, null
    from pg_default_acl
),

properties as (
    -- Of what is new or missing only the whole counts, so its parts name it.
    select
        objects.name,
        'existence' as property,
        coalesce(whole.name, '') as value
    from objects
    left join objects as whole
        on objects.part_of = whole.id and whole.class = cast('pg_class' as regclass) and whole.sub = 0
    union all
    select
        name, 'definition',
        concat_ws(
            ' ', relkind, relpersistence, relrowsecurity, relforcerowsecurity, relreplident, cast(reloptions as text),
            case when relkind in ('v', 'm') then pg_get_viewdef(relations.oid) end,
            (select cast(pg_sequence as text) from pg_sequence where seqrelid = relations.oid)
        )
    from objects
    inner join relations on class = cast('pg_class' as regclass) and id = relations.oid and sub = 0
    union all
    select
        name, 'definition',
        concat_ws(
            ' ', format_type(atttypid, atttypmod), attnotnull, attidentity, attgenerated, pg_get_expr(adbin, adrelid),
            cast(attoptions as text), attcollation, attstorage
        )
    from objects
    inner join columns on class = cast('pg_class' as regclass) and id = attrelid and sub = attnum
    left join pg_attrdef on adrelid = attrelid and adnum = attnum
    union all
    select name, 'definition', concat_ws(' ', pg_get_constraintdef(id), convalidated)
    from objects
    inner join pg_constraint on class = cast('pg_constraint' as regclass) and id = pg_constraint.oid
    union all
    select name, 'definition', concat_ws(' ', pg_get_indexdef(id), indisvalid, indisclustered, indisreplident)
    from objects
    inner join pg_index on class = cast('pg_class' as regclass) and id = indexrelid and sub = 0
    union all
    select name, 'comment', description
    from objects
    inner join pg_description on class = classoid and id = objoid and sub = objsubid
    union all
    select name, 'owner', pg_get_userbyid(owner)
    from objects
    inner join rights using (class, id, sub)
    where kind in ('n', 'r', 's')
    union all
    select
        name,
        coalesce(cast(cast(nullif(grantee, 0) as regrole) as text), 'public') || ' has ' || lower(privilege_type),
        case when is_grantable then ' with grant option' else '' end
    from objects
    inner join rights using (class, id, sub)
    cross join lateral aclexplode(coalesce(acl, case when kind <> 'c' then acldefault(cast(kind as "char"), owner) end))
    where grantee <> owner
)

select name, property, value from properties
