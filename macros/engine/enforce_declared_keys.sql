{% macro enforce_declared_keys() -%}
    {{ return(adapter.dispatch('enforce_declared_keys', 'dispatch')()) }}
{%- endmacro %}

{% macro postgres__enforce_declared_keys() -%}
    {%- if execute and flags.WHICH in ('run', 'build', 'retry') -%}
        {%- set backup = load_cached_relation(make_backup_relation(this, 'table')) -%}
        {%- set missing = missing_own_keys() -%}
        {#- Adding a key locks the tables at both ends. One model at a time takes such locks, to avoid deadlocks. -#}
        {{ take_turn() }};
        {#- dbt would drop the replaced table after the commit, and silently the foreign keys that point at it. Dropped
            here, they are restored within the same transaction, and the index names are free. -#}
        {%- if backup is not none %}
        drop {{ backup.type }} if exists {{ backup }} cascade;
        {%- endif %}
        {%- for key in missing if key.type != 'index' %}
        {{ 'alter table ' ~ this if loop.first }}
            {{ add_key(key) }}{{ ';' if loop.last else ',' }}
        {%- endfor %}
        {%- for index in missing if index.type == 'index' %}
        create index "{{ index.name }}" on {{ this }} ({{ index.columns[0] }});
        {%- endfor %}
        {%- for key in keys_left_behind() %}
        alter table {{ key.child.relation_name }}
            drop constraint if exists "{{ key.name }}",
            {{ add_key(key) }};
        {%- endfor -%}
    {%- endif -%}
{%- endmacro %}

{% macro spark__enforce_declared_keys() -%}
    {#- Nothing: Spark has no keys. -#}
{%- endmacro %}
