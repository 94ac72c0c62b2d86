{% macro occurrence_number(rows, columns) -%}
    {{ return(adapter.dispatch('occurrence_number', 'dispatch')(rows, columns)) }}
{%- endmacro %}

{% macro postgres__occurrence_number(rows, columns) -%}
    {#- Whole rows are compared, column by column and nulls last. So the number does not depend on the physical order of
        the rows, and a row without an id (the first column) never comes before one that has it. -#}
    row_number() over (partition by {{ rows }}.{{ columns | join(', ' ~ rows ~ '.') }} order by {{ rows }})
{%- endmacro %}

{% macro spark__occurrence_number(rows, columns) -%}
    {#- Spark sorts the nulls of a row first. So each column by itself: those of the first ref of the model, whose rows
        are numbered, in their order. A unit test has no graph to find them in: there it is the text of the row, in
        which digits come before null. -#}
    {%- set order = [] -%}
    {%- if execute and model.resource_type == 'model' -%}
        {%- set numbered = graph.nodes[model.depends_on.nodes[0]] -%}
        {%- set relation = adapter.get_relation(numbered.database, numbered.schema, numbered.alias) -%}
        {%- for column in adapter.get_columns_in_relation(relation) if relation is not none -%}
            {%- do order.append(rows ~ '.' ~ column.name ~ ' nulls last') -%}
        {%- endfor -%}
    {%- endif -%}
    row_number() over (
        partition by {{ rows }}.{{ columns | join(', ' ~ rows ~ '.') }}
        order by {{ order | join(', ') or "to_json(struct(" ~ rows ~ ".*), map('ignoreNullFields', 'false'))" }}
    )
{%- endmacro %}
