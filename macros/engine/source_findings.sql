{% macro source_findings(declared, schema, purpose, has_time_zone, subscriber_version=0) -%}
    {#- Where the catalog of a legacy database differs from the declared sources: one row per sentence. Its kind is
        missing, refused, unreadable or note. Jinja without dbt: ops/source/contract.py renders this file, too, so that
        one rule serves dbt and every command. Reads the catalog only, and so runs no code of another user. -#}
with

declared as (
    select
        tables.key as table_name,
        columns.key as column_name,
        cast(columns.value as regtype) as declared_type
    from jsonb_each('{{ declared | tojson | replace("'", "''") }}') as tables
    cross join jsonb_each_text(tables.value) as columns
),

-- A table without declared columns would vanish from the list above.
found_tables as (
    select
        named.table_name,
        pg_class.oid,
        relkind,
        relpersistence = 'u' as is_unlogged,
        relreplident,
        relispartition,
        row_security_active(pg_class.oid) as is_hidden,
        has_schema_privilege(relnamespace, 'usage') as is_reachable,
        (select cast(indkey as int2[]) from pg_index where indrelid = pg_class.oid and indisprimary) as key,
        (
            select string_agg(cast(cast(inhrelid as regclass) as text), ', ' order by inhrelid)
            from pg_inherits where inhparent = pg_class.oid and relkind = 'r'
        ) as children,
        (
            select string_agg(cast(cast(inhparent as regclass) as text), ', ')
            from pg_inherits where inhrelid = pg_class.oid
        ) as parents,
        array(
            select leaf.oid from pg_partition_tree(case when relkind = 'p' then pg_class.oid end) as tree
            inner join pg_class as leaf on leaf.oid = tree.relid where tree.isleaf
        ) as leaves
    from jsonb_object_keys('{{ declared | tojson | replace("'", "''") }}') as named (table_name)
    left join pg_class
        on
            named.table_name = relname
            and relnamespace = (select oid from pg_namespace where nspname = {{ schema }})
            and relkind in ('r', 'p', 'v', 'm', 'f')
),

found_columns as (
    select
        declared.table_name,
        declared.column_name,
        found_tables.table_name || '.' || declared.column_name as subject,
        cast(declared.declared_type as text) as declared_type,
        format_type(atttypid, null) as bare_type,
        format_type(atttypid, atttypmod) as found_type,
        attnum,
        attgenerated,
        collname,
        collisdeterministic,
        is_reachable and has_column_privilege(found_tables.oid, attnum, 'select') as is_readable
    from declared
    inner join found_tables on declared.table_name = found_tables.table_name and relkind in ('r', 'p')
    left join pg_attribute
        on found_tables.oid = attrelid and declared.column_name = attname and attnum > 0 and not attisdropped
    left join pg_collation on attcollation = pg_collation.oid
),

-- Within a family nothing is lost: a value that does not fit its mart exactly rejects its row, value_out_of_range.
families as (
    select *
    from (
        values
        ('smallint', 'number'), ('integer', 'number'), ('bigint', 'number'), ('numeric', 'number'),
        ('character varying', 'text'), ('text', 'text'),
        ('date', 'time'), ('timestamp with time zone', 'time')
    ) as listed (type, family)
),

compared as (
    select
        found_columns.*,
        bare_type = 'timestamp without time zone' and declared_type = 'timestamp with time zone' as is_naive,
        -- Keys are made from ids as text: 5.00 is not 5.
        bare_type = declared_type or (
            coalesce(found.family = wanted.family, false)
            and (declared_type not like '%int%' or found_type not like 'numeric(%,%' or found_type like '%,0)')
            -- Batches are cut, and rejects listed, by ids that are whole numbers.
            and (column_name <> 'id' or bare_type <> 'numeric')
        ) as is_accepted
    from found_columns
    left join families as found on bare_type = found.type
    left join families as wanted on declared_type = wanted.type
),

findings as (
    select
        'missing' as kind,
        1 as rank,
        table_name as subject,
        cast(null as text) as finding
    from found_tables
    where oid is null

    union all
    select
        'refused',
        2,
        table_name,
        case relkind when 'v' then 'a view' when 'm' then 'a materialized view' else 'a foreign table' end
        || ', not a table: functions of its owner would run with the rights of user ' || current_user
        || '. Copy it into a table.'
    from found_tables
    where relkind in ('v', 'm', 'f')

    union all
    select
        'refused',
        2,
        table_name,
        'has partitions that are foreign tables. Detach them, or copy their rows into a partition of this server.'
    from found_tables
    where exists (select 1 from pg_class where oid = any(leaves) and relkind = 'f')

    union all
    select
        'refused',
        3,
        subject,
        'no such column. Restore it, or remove it from the declared columns and the staging model.'
    from compared
    where attnum is null

    union all
    select
        'refused',
        4,
        subject,
        {%- if has_time_zone %}
        null
        {%- else %}
        'no time zone (timestamp without time zone), declared as timestamp with time zone. Set legacy_time_zone in'
        || ' dbt_project.yml to the zone of the application, such as America/Chicago.'
        {%- endif %}
    from compared
    where is_naive

    union all
    select
        'refused',
        5,
        subject,
        'of type ' || found_type || ', declared as ' || declared_type
        || '. Change the column at the source, or declare its type and adapt the staging model.'
    from compared
    where not is_accepted and not is_naive

    union all
    select
        'refused',
        6,
        table_name,
        'row security hides rows from user ' || current_user || '. Let a superuser run there: alter role '
        || quote_ident(current_user) || ' bypassrls.'
    from found_tables
    where is_hidden and relkind in ('r', 'p')

    union all
    select
        'unreadable',
        7,
        subject,
        'user ' || current_user || ' may not read it. Grant usage on the schema and select on the column.'
    from compared
    where not is_readable

    union all
    select
        'note',
        8,
        table_name,
        'an unlogged table, which a crash of the server empties.'
    from found_tables
    where is_unlogged and '{{ purpose }}' <> 'replicate'

    union all
    select
        'note',
        9,
        table_name,
        'read together with its inheritance children (' || children || '), as the application does.'
    from found_tables
    where children is not null and '{{ purpose }}' <> 'replicate'

    union all
    select
        'note',
        9,
        table_name,
        case when relispartition then 'a partition' else 'an inheritance child' end || ' of ' || parents
        || ': rows of the parent itself are not read.'
    from found_tables
    where parents is not null

    {%- if purpose == 'build' %}

    -- A copy and replication land every column with the collation of the warehouse.
    union all
    select
        'refused',
        10,
        subject,
        'has the collation ' || collname || ', by which different texts are equal. Copy it with python -m ops source'
        || ' copy, or alter the column to a deterministic collation.'
    from compared
    where not collisdeterministic
    {%- else %}

    union all
    select
        'refused',
        10,
        table_name,
        'an unlogged table, which a standby cannot read. Name the primary in the connection string.'
    from found_tables
    where is_unlogged and pg_is_in_recovery()
    {%- endif %}

    {%- if purpose == 'replicate' %}

    union all
    select
        'refused',
        11,
        table_name,
        'an unlogged table, whose changes are not in the log that is replicated. Run alter table … set logged there,'
        || ' or use python -m ops source copy.'
    from found_tables
    where exists (select 1 from pg_class where oid = any(found_tables.oid || leaves) and relpersistence = 'u')

    union all
    select
        'refused',
        11,
        table_name,
        'has inheritance children (' || children || '), whose changes PostgreSQL publishes as changes of other tables.'
        || ' Use python -m ops source copy.'
    from found_tables
    where children is not null

    union all
    select
        'refused',
        12,
        subject,
        case attgenerated
            when 's' then 'a generated column, which PostgreSQL replicates from version 18 on, on both sides.'
            else 'a virtual generated column, which PostgreSQL does not replicate.'
        end || ' Use python -m ops source copy.'
    from compared
    where
        attgenerated = 'v'
        or attgenerated = 's'
        and least(cast(current_setting('server_version_num') as integer), {{ subscriber_version }}) < 180000

    union all
    select
        'refused',
        13,
        table_name,
        'PostgreSQL cannot publish its updates and deletes; the application''s own fail while it is published. It needs'
        || ' a primary key, of columns that land, and replica identity default (alter table … replica identity default).'
    from found_tables
    where
        found_tables.relkind in ('r', 'p') and not coalesce(
            key <@ array(select attnum from compared where compared.table_name = found_tables.table_name)
            and not exists (
                select 1
                from pg_class
                where
                    oid = any(case when found_tables.relkind = 'p' then leaves else array[found_tables.oid] end)
                    and relreplident <> 'd'
            ),
            false
        )
    {%- endif %}
)

select
    kind,
    string_agg(subject, ', ' order by subject) || coalesce(': ' || finding, '') as sentence
from findings
where kind = 'missing' or finding is not null
group by kind, rank, finding, case when kind = 'missing' then subject end
order by rank, sentence
{%- endmacro %}
