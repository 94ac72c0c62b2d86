{% macro is_foreign_key_enforced(keys) -%}
    {{ return(adapter.dispatch('is_foreign_key_enforced', 'dispatch')(keys)) }}
{%- endmacro %}

{% macro postgres__is_foreign_key_enforced(keys) -%}
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
            and declared.conrelid = to_regclass({{ keys }}.child_table)
            and declared.confrelid = to_regclass({{ keys }}.parent_table)
            and child_side.attname = {{ keys }}.child_column
            and parent_side.attname = {{ keys }}.parent_column
    )
{%- endmacro %}

{% macro spark__is_foreign_key_enforced(keys) -%}
    {#- Spark has no keys that could be enforced or not. -#}
    cast(null as boolean)
{%- endmacro %}
