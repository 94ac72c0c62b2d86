{% macro restore_lost_keys() -%}
    {{ return(adapter.dispatch('restore_lost_keys', 'dispatch')()) }}
{%- endmacro %}

{% macro postgres__restore_lost_keys() -%}
    {%- if execute and flags.WHICH in ('run', 'build', 'retry') -%}
        do $$
        declare
            lost record;
        begin
            for lost in
                select *
                from (
                    values
                    {%- for key in declared_foreign_keys() %}
                    (
                        '{{ key.child.relation_name }}', '{{ key.parent.relation_name }}', '{{ key.name }}',
                        'alter table {{ key.child.relation_name }} {{ add_key(key) }}'
                    ){{ ',' if not loop.last }}
                    {%- endfor %}
                ) as declared (child, parent, key_name, command)
                where
                    to_regclass(child) is not null
                    and to_regclass(parent) is not null
                    and not exists (
                        select 1 from pg_catalog.pg_constraint
                        where conrelid = to_regclass(child) and conname = key_name
                    )
            loop
                begin
                    execute lost.command;
                exception when foreign_key_violation or undefined_column or invalid_foreign_key then
                    raise warning 'foreign key % is missing: rebuild %', lost.key_name, lost.child;
                end;
            end loop;
        end $$
    {%- endif -%}
{%- endmacro %}

{% macro spark__restore_lost_keys() -%}
{%- endmacro %}
