{% macro postgres__persist_docs(relation, model, for_relation, for_columns) -%}
    {#- The YAML of a history describes what dbt adds; all other columns are those of its mart, and described there. -#}
    {%- if model.resource_type == 'snapshot' -%}
        {%- set mart = graph.nodes[model.depends_on.nodes[0]] -%}
        {%- set model = dict(model, columns=dict(mart.columns, **model.columns)) -%}
    {%- endif -%}
    {{ return(default__persist_docs(relation, model, for_relation, for_columns)) }}
{%- endmacro %}
