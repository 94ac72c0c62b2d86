{% macro occurrence_number(rows, columns) -%}
    {{ return(adapter.dispatch('occurrence_number', 'dispatch')(rows, columns)) }}
{%- endmacro %}

{% macro postgres__occurrence_number(rows, columns) -%}
    {#- Whole rows are compared, column by column and nulls last, so that the number does not depend on where the rows
        happen to lie, and a row without an id (the first column) never comes before one that has it. -#}
    row_number() over (partition by {{ rows }}.{{ columns | join(', ' ~ rows ~ '.') }} order by {{ rows }})
{%- endmacro %}
