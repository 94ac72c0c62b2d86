{% macro postgres__create_schema(relation) -%}
    {#- The first thing that a run writes, before its hooks: what is wrong with the session is said first. -#}
    {%- do assert_session() -%}
    {{ adapter.verify_database(relation.database) }}
    {%- call statement('create_schema') -%}
        create schema if not exists {{ relation.without_identifier().include(database=False) }}
    {%- endcall -%}
{%- endmacro %}
