{% macro assert_not_handed_over(operation) -%}
    {#- Stops builds, publish and rollback after python -m ops handover: the marts are the baseline that the application
        started from, and nothing may replace them. -#}
    {%- set handovers = release_table('handovers') -%}
    {%- set found = run_query(
        "select schema_name, to_char(handed_over_at, 'YYYY-MM-DD HH24:MI TZ') as handed_over_at from " ~ handovers
        ~ " where undone_at is null"
    ).rows if handovers is not none else [] -%}
    {%- if found -%}
        {{ exceptions.raise_compiler_error(
            operation ~ ' is refused: the marts were handed over to the application on ' ~ found[0].handed_over_at ~ ' (schema '
            ~ found[0].schema_name ~ '). As long as it has not written, python -m ops handover --undo takes that back.'
        ) }}
    {%- endif -%}
{%- endmacro %}
