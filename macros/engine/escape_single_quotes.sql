{% macro spark__escape_single_quotes(expression) -%}
    {#- Overrides dbt-spark's own: in a literal of Spark a backslash escapes, too, so that the JSON in the rows of a unit
        test would change. -#}
    {{ return(expression | replace("\\", "\\\\") | replace("'", "\\'")) }}
{%- endmacro %}
