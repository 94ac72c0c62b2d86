{% macro postgres__persist_docs(relation, model, for_relation, for_columns) -%}
    {#- Overrides dbt's macro. The comment of a foreign key names its target. The YAML of a snapshot describes the
        columns that dbt adds; the others are described in the YAML of its mart. -#}
    {%- set mart = graph.nodes[model.depends_on.nodes[0]] if model.resource_type == 'snapshot' else model -%}
    {%- if mart.resource_type == 'model' -%}
        {%- set model = dict(model, columns=dict(model.columns, **described_columns(mart))) -%}
    {%- endif -%}
    {{ return(default__persist_docs(relation, model, for_relation, for_columns)) }}
{%- endmacro %}
