{% macro loaded_batches_relation(relation) -%}
    {#- The table `<model>__loaded_batches`: the signature that each batch was last loaded with and, as its comment, the
        batched_version. It is among the intermediate models, so that readers of the marts do not see it. -#}
    {{ return(api.Relation.create(
        database=relation.database,
        schema=generate_schema_name('intermediate', model),
        identifier=relation.identifier ~ '__loaded_batches',
        type='table',
    )) }}
{%- endmacro %}
