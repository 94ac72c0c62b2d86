{% macro create_release_tables() -%}
    {%- set schema = release_schema() -%}
    {{ postgres__release_tables(schema) }}
    {#- All of a relation that must not change between its tests and its publication. The transactions that wrote its
        rows, and how many rows are left of each, show every insert, update and delete; a vacuum changes neither. -#}
    create or replace function {{ schema }}.state_of(relation regclass) returns jsonb
    language plpgsql stable set search_path = pg_catalog as $$
    declare
        contents text;
        row_count bigint;
    begin
        if (select relkind from pg_class where oid = relation) = 'r' and has_table_privilege(relation, 'select') then
            execute format(
                'select md5(string_agg(writer || '' '' || written, '','' order by writer)), coalesce(sum(written), 0)'
                || ' from (select cast(xmin as text) as writer, count(*) as written from %s group by xmin) as writers',
                relation
            ) into contents, row_count;
        end if;
        return (
            select
                jsonb_build_object(
                    'name', cast(relation as text),
                    'kind', relkind,
                    'options', case relkind when 'v' then reloptions end,
                    'owner', pg_get_userbyid(relowner),
                    'row security', relrowsecurity,
                    'columns', (
                        select jsonb_agg(attname || ' ' || format_type(atttypid, atttypmod) order by attnum)
                        from pg_attribute
                        where attrelid = relation and attnum > 0 and not attisdropped
                    ),
                    'checks', (
                        select jsonb_agg(conname || ' ' || pg_get_constraintdef(oid) order by conname)
                        from pg_constraint
                        where conrelid = relation and contype = 'c'
                    ),
                    'definition', (
                        select md5(string_agg(cast(ev_action as text), ',' order by rulename))
                        from pg_rewrite
                        where ev_class = relation
                    ),
                    'contents', contents,
                    'row count', row_count
                )
            from pg_class
            where oid = relation
        );
    end $$;
{%- endmacro %}
