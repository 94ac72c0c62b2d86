{% macro occurrence_number(rows, partition_by) -%}
    {{ return(adapter.dispatch('occurrence_number', 'dispatch')(rows, partition_by)) }}
{%- endmacro %}

{% macro postgres__occurrence_number(rows, partition_by) -%}
    {#- Ordered by the whole row, so that it does not depend on where the rows happen to lie. -#}
    row_number() over (partition by {{ partition_by }} order by cast({{ rows }} as text) collate "C")
{%- endmacro %}
