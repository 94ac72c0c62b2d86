-- The tables that were handed over, by the catalog alone. One row per column of a table, followed by the columns that
-- the application has added. A column that it renamed keeps its number.
with

own as (
    select
        pg_class.relname, pg_class.oid as mart, attname, atttypid, atttypmod, attcollation,
        row_number() over (partition by pg_class.oid order by attnum) as place
    from pg_class
    inner join pg_attribute on attrelid = pg_class.oid and attnum > 0 and not attisdropped
    where
        relnamespace = to_regnamespace(%(marts)s)
        and relkind = 'r'
        -- Computed columns were not handed over.
        and format('column %%I.%%I.%%I', cast(%(application)s as text), relname, attname) in (
            select name from {record} where property = 'existence'
        )
),

tables as (
    select
        mart, relname,
        coalesce(
            to_regclass(format('%%I.%%I', cast(%(application)s as text), relname)),
            -- A table that was renamed keeps the name of its key.
            (
                select conrelid
                from pg_constraint
                where conname = relname || '_pkey' and connamespace = to_regnamespace(%(application)s)
            )
        ) as relation,
        to_regclass(format('%%I.%%I', cast(%(amended)s as text), relname)) is not null as is_amended,
        (
            select attname
            from pg_constraint
            inner join pg_attribute on attrelid = conrelid and attnum = conkey[1]
            where conrelid = mart and contype = 'p'
        ) as key,
        'legacy_' || regexp_replace(legacy_table, '^(dispatch|auth)_', '') || '_id' as legacy_id
    from (select distinct mart, relname from own) as marts
    inner join {ledger} on entity = relname
),

present as (
    select attrelid, attname, attnum, atttypid, attcollation, attgenerated
    from pg_attribute
    inner join tables on attrelid = relation
    where attnum > 0 and not attisdropped
),

matched as (
    select
        tables.relname, own.place, own.attname, present.attnum, present.attname as now,
        own.atttypid = present.atttypid and own.attcollation = present.attcollation as is_same_type,
        coalesce(present.attgenerated, '') <> '' as is_generated,
        (
            select parent.relname
            from pg_constraint
            inner join pg_class as parent on parent.oid = confrelid
            inner join pg_attribute as child on child.attrelid = conrelid and child.attnum = conkey[1]
            where conrelid = own.mart and contype = 'f' and cardinality(conkey) = 1 and child.attname = own.attname
        ) as parent
    from tables
    inner join own using (mart)
    left join present
        on present.attrelid = tables.relation
        and (
            present.attname = own.attname
            or present.attnum = own.place
            and not exists (
                select 1 from present as same where same.attrelid = tables.relation and same.attname = own.attname
            )
            and not exists (select 1 from own as other where other.mart = own.mart and other.attname = present.attname)
        )
)

select
    tables.relname, cast(cast(relation as regclass) as text), is_amended, key, legacy_id,
    listed.attname, now, is_same_type, is_generated, parent
from tables
inner join (
    select relname, place, attname, now, is_same_type, is_generated, parent
    from matched
    union all
    select relname, 10000 + attnum, null, attname, false, attgenerated <> '', null
    from present
    inner join tables on attrelid = relation
    where not exists (
        select 1 from matched where matched.relname = tables.relname and matched.attnum = present.attnum
    )
) as listed using (relname)
order by tables.relname, place
