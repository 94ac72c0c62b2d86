{% macro loaded_batches_relation(relation) -%}
    {#- Beside the intermediate models, so that readers of the marts do not meet it. -#}
    {{ return(api.Relation.create(
        database=relation.database,
        schema=generate_schema_name('intermediate', model),
        identifier=relation.identifier ~ '__loaded_batches',
        type='table',
    )) }}
{%- endmacro %}
