{% macro occurrence_number(rows, columns) -%}
    {{ return(adapter.dispatch('occurrence_number', 'dispatch')(rows, columns)) }}
{%- endmacro %}

{% macro postgres__occurrence_number(rows, columns) -%}
    {#- Whole rows are compared, column by column and nulls last. So the number does not depend on the physical order of
        the rows, and a row without an id (the first column) never comes before one that has it. Not every engine
        compares rows this way: one that sorts nulls first needs an order of its own here. -#}
    row_number() over (partition by {{ rows }}.{{ columns | join(', ' ~ rows ~ '.') }} order by {{ rows }})
{%- endmacro %}

{% macro spark__occurrence_number(rows, columns) -%}
    {%- set ordered = [] -%}
    {%- if execute -%}
    {%- for id in model.depends_on.nodes if '.stg_' in id and not ordered -%}
        {%- for name in graph.nodes[id].columns -%}{%- do ordered.append(rows ~ '.' ~ name ~ ' nulls last') -%}{%- endfor -%}
    {%- endfor -%}
    {%- endif -%}
    row_number() over (partition by {{ rows }}.{{ columns | join(', ' ~ rows ~ '.') }} order by {{ ordered | join(', ') or '1' }})
{%- endmacro %}
