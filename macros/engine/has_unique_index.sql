{% macro has_unique_index(relation, column) -%}
    {{ return(adapter.dispatch('has_unique_index', 'dispatch')(relation, column)) }}
{%- endmacro %}

{% macro postgres__has_unique_index(relation, column) -%}
    {#- render(), because under --empty and --sample a relation is a query. -#}
    exists (
        select 1
        from pg_catalog.pg_index as indexes
        inner join pg_catalog.pg_attribute as attributes
            on indexes.indrelid = attributes.attrelid and indexes.indkey[0] = attributes.attnum
        inner join pg_catalog.pg_class as tables on indexes.indrelid = tables.oid
        where indexes.indrelid = cast({{ sql_text(relation.render()) }} as regclass)
            and indexes.indisunique
            and indexes.indisvalid
            and indexes.indpred is null
            and indexes.indnkeyatts = 1
            and attributes.attname = '{{ column }}'
            and not tables.relhassubclass
    )
{%- endmacro %}

{% macro spark__has_unique_index(relation, column) -%}
    false
{%- endmacro %}
