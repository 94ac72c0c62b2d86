{% macro postgres__can_clone_table() -%}
    {#- Overrides dbt's macro. PostgreSQL cannot clone, so dbt clone makes views. It runs no hooks but calls this macro
        before it replaces a relation: the rules of begin_candidate are checked here. -#}
    {%- if is_production() -%}
        {{ exceptions.raise_compiler_error(
            "dbt clone would put views in the place of what is built and tested: use dbt build --target prod"
        ) }}
    {%- endif -%}
    {%- do assert_nothing_is_published() -%}
    {{ return(false) }}
{%- endmacro %}
