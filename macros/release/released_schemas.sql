{% macro released_schemas() -%}
    {#- The schemas that are published together: [{live, next}, …]; `next` holds the candidate or, after a publish, the
        previous version. -#}
    {%- set schemas = [] -%}
    {%- for next in built_nodes() | map(attribute='schema') | unique | sort -%}
        {%- set live = next | replace(target.schema ~ '_next_', target.schema ~ '_', 1) -%}
        {%- do schemas.append({'live': live, 'next': next}) -%}
    {%- endfor -%}
    {{ return(schemas + [{'live': 'analytics', 'next': 'analytics_next'}]) }}
{%- endmacro %}

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
