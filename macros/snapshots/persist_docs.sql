{% macro postgres__persist_docs(relation, model, for_relation, for_columns) -%}
    {#- Overrides dbt's macro. The YAML of a snapshot describes the columns that dbt adds; the others are described in
        the YAML of its mart. -#}
    {%- if model.resource_type == 'snapshot' -%}
        {%- set mart = graph.nodes[model.depends_on.nodes[0]] -%}
        {%- set model = dict(model, columns=dict(mart.columns, **model.columns)) -%}
    {%- endif -%}
    {{ return(default__persist_docs(relation, model, for_relation, for_columns)) }}
{%- endmacro %}
