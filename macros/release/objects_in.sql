{% macro objects_in(schemas) -%}
    {#- Subquery of all objects in these schemas: tables, views, functions, types, … -#}
    (
        select classid, objid, pg_namespace.oid as nspoid, identified.type || ' ' || identified.identity as foreign_object
        from pg_catalog.pg_depend
        inner join pg_catalog.pg_namespace on refobjid = pg_namespace.oid
        cross join lateral pg_catalog.pg_identify_object(classid, objid, 0) as identified
        where
            refclassid = cast('pg_catalog.pg_namespace' as regclass)
            and deptype = 'n'
            and nspname in ('{{ schemas }}')
    ) as found_objects
{%- endmacro %}
