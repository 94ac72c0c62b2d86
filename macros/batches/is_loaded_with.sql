{% macro is_loaded_with(relation, loaded, version) -%}
    {#- Whether the table exists and its batches were loaded with this version, as batched_version returns it. -#}
    {%- set found = run_query(
        "select 1 where to_regclass('" ~ relation ~ "') is not null"
        ~ " and obj_description(to_regclass('" ~ loaded ~ "'), 'pg_class') = '" ~ version ~ "'"
    ) -%}
    {{ return(found.rows | length > 0) }}
{%- endmacro %}
