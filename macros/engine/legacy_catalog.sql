{% macro legacy_catalog() -%}
    {{ return(adapter.dispatch('legacy_catalog', 'dispatch')()) }}
{%- endmacro %}

{% macro postgres__legacy_catalog() -%}
    {{ catalog_query(sql_var('legacy_schema')) }}
    union all
    {{ recorded_query(sql_var('legacy_schema')) }}
{%- endmacro %}

{% macro spark__legacy_catalog() -%}
    {%- if execute -%}
        {%- do assert_engine_can('read the catalog of the legacy database') -%}
    {%- endif -%}
{%- endmacro %}

{% macro catalog_query(schema, everywhere=false, counted='true') -%}
    {#- Every table and column of a schema, or of all: one row for the table itself, with an empty column_name, and one
        for each column. Partitions and inheritance children belong to their parents; views have no rows of their own.
        Tables for which `counted` is true are counted if this user may read them; of others there is PostgreSQL's
        estimate. Jinja without dbt, like source_findings, and SQL that does not depend on the database. -#}
    (
        with

        relations as (
            select
                pg_class.oid,
                case when nspname <> {{ schema }} then nspname || '.' else '' end || relname as table_name,
                quote_ident(nspname) || '.' || quote_ident(relname) as relation,
                case
                    when relkind = 'p' then 'partitioned table'
                    when relkind = 'f' then 'foreign table'
                    when relpersistence = 'u' then 'unlogged table'
                    else 'table'
                end as kind,
                relkind <> 'f' and not row_security_active(pg_class.oid)
                and has_schema_privilege(relnamespace, 'usage') as is_readable,
                (
                    select
                        sum(
                            case
                                when reltuples < 0 then pg_stat_get_live_tuples(leaf.oid)
                                else cast(reltuples as bigint)
                            end
                        )
                    from pg_class as leaf
                    where
                        leaf.relkind = 'r'
                        and leaf.oid = any(array(select relid from pg_partition_tree(pg_class.oid)) || pg_class.oid)
                ) as estimate
            from pg_class
            inner join pg_namespace on relnamespace = pg_namespace.oid
            where
                {{ "nspname not like 'pg\\_%' and nspname <> 'information_schema'" if everywhere
                    else 'nspname = ' ~ schema }}
                and relkind in ('r', 'p', 'f')
                and relpersistence <> 't'
                and not exists (select 1 from pg_inherits where inhrelid = pg_class.oid)
        ),

        parts as (
            select
                oid,
                cast(0 as smallint) as attnum,
                '' as column_name,
                kind,
                is_readable and has_any_column_privilege(oid, 'select') as is_readable
            from relations
            union all
            select
                oid,
                pg_attribute.attnum,
                attname,
                format_type(atttypid, atttypmod),
                is_readable and has_column_privilege(oid, pg_attribute.attnum, 'select')
            from relations
            inner join pg_attribute on attrelid = oid and pg_attribute.attnum > 0 and not attisdropped
        ),

        -- ts_stat runs a query that is given as a text. Each word of its only row is the number of a column and a count.
        counts as (
            select
                oid,
                cast(split_part(word, ':', 1) as smallint) as attnum,
                cast(split_part(word, ':', 2) as bigint) as number
            from (
                select
                    oid,
                    'select array_to_tsvector(array[' || string_agg(
                        format(
                            '%L || count(%s)', attnum || ':', case when attnum = 0 then '*' else quote_ident(column_name) end
                        ),
                        ', '
                    ) || ']) from ' || min(relation) as query
                from relations
                inner join parts using (oid)
                where parts.is_readable and {{ counted }}
                group by oid
            ) as queries
            cross join lateral ts_stat(query)
        )

        select
            table_name,
            column_name,
            parts.kind,
            cast(coalesce(number, case when parts.attnum = 0 then estimate end) as bigint) as row_count,
            number is null as is_estimate
        from relations
        inner join parts on relations.oid = parts.oid
        left join counts on parts.oid = counts.oid and parts.attnum = counts.attnum
        order by relation, parts.attnum
    )
{%- endmacro %}

{% macro recorded_query(schema) -%}
    {#- The same of what the legacy server had besides when its tables landed, from the comment on the landing schema.
        Jinja without dbt. -#}
    select
        entry ->> 0 as table_name,
        entry ->> 1 as column_name,
        entry ->> 2 as kind,
        cast(entry ->> 3 as bigint) as row_count,
        cast(entry ->> 4 as boolean) as is_estimate
    from pg_namespace
    cross join lateral jsonb_array_elements(
        cast(
            substring(obj_description(oid, 'pg_namespace') from '^Landed from the legacy database .*?: ({.*)$') as jsonb
        ) -> 'not_landed'
    ) as entries (entry)
    where nspname = {{ schema }}
{%- endmacro %}
