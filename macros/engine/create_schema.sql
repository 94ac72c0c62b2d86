{% macro postgres__create_schema(relation) -%}
    {#- Overrides dbt's macro. It is the first thing that a run writes, before the hooks: so the session is checked
        here. -#}
    {%- do assert_session() -%}
    {{ adapter.verify_database(relation.database) }}
    {%- call statement('create_schema') -%}
        create schema if not exists {{ relation.without_identifier().include(database=False) }}
    {%- endcall -%}
{%- endmacro %}

{% macro spark__create_schema(relation) -%}
    {#- As on PostgreSQL, the session is checked before anything is written. -#}
    {%- do assert_session() -%}
    {%- call statement('create_schema') -%}
        create schema if not exists {{ relation }}
    {%- endcall -%}
{%- endmacro %}
