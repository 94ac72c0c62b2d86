{% macro assert_nothing_of_others_is_lost() -%}
    {#- Stops a build that could not be published. -#}
    {%- set others = run_query(objects_of_others(released_schemas())).columns[0].values()
        if release_table('built_relations') is not none else [] -%}
    {%- if others -%}
        {{ exceptions.raise_compiler_error(others_would_be_lost(others[:5] | join(', '))) }}
    {%- endif -%}
{%- endmacro %}

{% macro objects_of_others(schemas) -%}
    {#- SQL query of the objects in the published schemas that no build made. A publish would move them away with the
        old version, and the build after the next would drop them. A schema in which nothing is recorded was published
        before relations were recorded. -#}
    select foreign_object
    from {{ objects_in(schemas | map(attribute='live') | join("', '")) }}
    where
        not (
            classid = cast('pg_catalog.pg_class' as regclass)
            and objid in (select relation from {{ release_schema() }}.built_relations)
        )
        and nspoid in (
            select relnamespace from pg_catalog.pg_class
            inner join {{ release_schema() }}.built_relations on relation = pg_class.oid
        )
    union all
    -- Rights of others are kept: what hides rows from them must not be lost.
    select 'policy ' || quote_ident(polname) || ' on ' || cast(cast(polrelid as regclass) as text)
    from pg_catalog.pg_policy
    inner join pg_catalog.pg_class on polrelid = pg_class.oid
    inner join pg_catalog.pg_namespace on relnamespace = pg_namespace.oid
    where nspname in ('{{ schemas | map(attribute='live') | join("', '") }}')
{%- endmacro %}

{% macro others_would_be_lost(others) -%}
    {#- The error message for objects_of_others. -#}
    not done: no build made {{ others }}, and a publish would take it away. Move it into a schema of its own (alter … set schema …), or drop it, then try again.
{%- endmacro %}
