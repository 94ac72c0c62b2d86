{% macro release_table(name) -%}
    {#- One of the tables in which builds, publications and releases are written down; none when it is not there yet.
        Asked anew: dbt's cache does not know what a hook has created. -#}
    {%- set table = release_schema() ~ '.' ~ name -%}
    {{ return(table if run_query("select to_regclass('" ~ table ~ "')").rows[0][0] else none) }}
{%- endmacro %}
