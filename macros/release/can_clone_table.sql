{% macro postgres__can_clone_table() -%}
    {#- PostgreSQL cannot: dbt clone makes views. It runs no hooks, and asks this before it replaces a relation, so here
        it is held to what begin_candidate holds the other commands to. -#}
    {%- if is_production() -%}
        {{ exceptions.raise_compiler_error(
            "dbt clone would put views in the place of what is built and tested: use dbt build --target prod"
        ) }}
    {%- endif -%}
    {%- do assert_nothing_is_published() -%}
    {{ return(false) }}
{%- endmacro %}
