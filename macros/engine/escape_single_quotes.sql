{% macro spark__escape_single_quotes(expression) -%}
    {#- Overrides dbt-spark's own: in a literal of Spark a backslash escapes as well, which would change the JSON in the
        rows of unit tests. -#}
    {{ return(expression | replace("\\", "\\\\") | replace("'", "\\'")) }}
{%- endmacro %}
