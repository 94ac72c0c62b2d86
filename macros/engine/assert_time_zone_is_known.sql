{% macro assert_time_zone_is_known() -%}
    {{ return(adapter.dispatch('assert_time_zone_is_known', 'dispatch')()) }}
{%- endmacro %}

{% macro postgres__assert_time_zone_is_known() -%}
    {#- PostgreSQL takes any word as a zone whose clock has no daylight saving: the name must be one of its list. -#}
    {%- set zone = sql_var('legacy_time_zone') -%}
    {%- if execute and zone != "''"
        and not run_query('select 1 from pg_catalog.pg_timezone_names where name = ' ~ zone).rows -%}
        {{ exceptions.raise_compiler_error(
            "The variable legacy_time_zone is " ~ zone ~ ", which is not in the server's list of time zones:"
            ~ " give a name of pg_timezone_names, such as America/Chicago."
        ) }}
    {%- endif -%}
{%- endmacro %}

{% macro spark__assert_time_zone_is_known() -%}
    {#- The export has converted the times without a zone. -#}
{%- endmacro %}
