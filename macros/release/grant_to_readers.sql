{% macro grant_to_readers(schemas) -%}
    {#- Engineers read every layer, analysts the views. The version that is not published is closed to both. Relations
        that no build made are granted to no role. -#}
    {%- for schema in schemas %}
    grant usage on schema {{ schema.live }} to dispatch_engineer;
    {{ close_to_others(schema.next) }}
    {%- endfor %}
    grant usage on schema {{ release_schema() }} to dispatch_engineer;
    grant usage on schema analytics to dispatch_analyst;
    do $$
    declare
        command text;
    begin
        for command in
            select format(
                'grant select on %s to dispatch_engineer%s',
                string_agg(cast(cast(pg_class.oid as regclass) as text), ', '),
                case nspname when 'analytics' then ', dispatch_analyst' else '' end
            )
            from pg_catalog.pg_class
            inner join pg_catalog.pg_namespace on relnamespace = pg_namespace.oid
            where
                pg_class.oid in (select relation from {{ release_schema() }}.built_relations)
                and nspname in ('{{ schemas | map(attribute="live") | join("', '") }}')
                or nspname = '{{ release_schema() }}'
                and relname in ('releases', 'builds', 'publications', 'built_relations', 'handovers', 'first_writes')
            group by nspname
        loop
            execute command;
        end loop;
    end $$;
{%- endmacro %}
