{% macro zero_padded(number, width) -%}
    {%- set text = 'cast(' ~ number ~ ' as ' ~ dbt.type_string() ~ ')' -%}
    lpad({{ text }}, greatest({{ width }}, length({{ text }})), '0')
{%- endmacro %}
