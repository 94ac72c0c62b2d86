{% macro spark__regexp_instr(source_value, regexp, position, occurrence, is_raw, flags) -%}
    {#- For dbt_expectations, which has no form of it for Spark. -#}
    regexp_instr({{ source_value }}, r'(?U{{ flags }}){{ regexp }}')
{%- endmacro %}
