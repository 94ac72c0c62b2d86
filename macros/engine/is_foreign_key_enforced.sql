{% macro is_foreign_key_enforced(child, child_column, parent, parent_column) -%}
    {{ return(adapter.dispatch('is_foreign_key_enforced', 'dispatch')(child, child_column, parent, parent_column)) }}
{%- endmacro %}

{% macro postgres__is_foreign_key_enforced(child, child_column, parent, parent_column) -%}
    {#- render(), because under --empty and --sample a relation is a query. Between two environments (dbt --defer) there
        is no key. -#}
    {%- if child.schema != parent.schema -%}
        cast(null as boolean)
    {%- else -%}
    exists (
        select 1
        from pg_catalog.pg_constraint as declared
        inner join pg_catalog.pg_attribute as child_side
            on declared.conrelid = child_side.attrelid and declared.conkey[1] = child_side.attnum
        inner join pg_catalog.pg_attribute as parent_side
            on declared.confrelid = parent_side.attrelid and declared.confkey[1] = parent_side.attnum
        where
            declared.contype = 'f'
            and declared.convalidated
            and declared.conrelid = to_regclass('{{ child.render() }}')
            and declared.confrelid = to_regclass('{{ parent.render() }}')
            and child_side.attname = '{{ child_column }}'
            and parent_side.attname = '{{ parent_column }}'
    )
    {%- endif -%}
{%- endmacro %}

{% macro spark__is_foreign_key_enforced(child, child_column, parent, parent_column) -%}
    {#- Spark has no keys that could be enforced or not. -#}
    cast(null as boolean)
{%- endmacro %}
