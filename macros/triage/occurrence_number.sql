{% macro occurrence_number(rows, partition_by) -%}
    {{ return(adapter.dispatch('occurrence_number', 'dispatch')(rows, partition_by)) }}
{%- endmacro %}

{% macro postgres__occurrence_number(rows, partition_by) -%}
    {#- Whole rows are compared, column by column and nulls last, so that the number does not depend on where the rows happen
        to lie, and a row without an id (the first column) never comes before one that has it. -#}
    row_number() over (partition by {{ partition_by }} order by {{ rows }})
{%- endmacro %}
