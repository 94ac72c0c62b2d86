{% macro built_nodes() -%}
    {#- The models, seeds and snapshots that are relations of the database. -#}
    {{ return(own_nodes('model', 'seed', 'snapshot')
        | rejectattr('config.materialized', 'equalto', 'ephemeral') | list) }}
{%- endmacro %}

{% macro own_nodes() -%}
    {#- Nodes of these resource types, without those of packages, which releases neither build beside the published
        version nor publish. -#}
    {{ return(graph.nodes.values() | selectattr('package_name', 'equalto', project_name)
        | selectattr('resource_type', 'in', varargs) | list) }}
{%- endmacro %}

{% macro published_schema(schema) -%}
    {#- The name that a schema of the candidate has once it is published. -#}
    {{ return(schema | replace(target.schema ~ '_next_', target.schema ~ '_', 1)) }}
{%- endmacro %}
