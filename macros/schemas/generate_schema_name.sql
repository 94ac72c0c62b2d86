{% macro generate_schema_name(custom_schema_name, node) -%}
    {#- What a package brings is named as dbt names it, and is neither built beside what is read nor published. -#}
    {%- if node.package_name != project_name -%}
        {{ return(default__generate_schema_name(custom_schema_name, node)) }}
    {%- endif -%}
    {#- A table without a layer would land beside the layers and escape whatever is done to them: refuse it. -#}
    {%- if custom_schema_name is none and node.resource_type in ('model', 'seed', 'snapshot') -%}
        {{ exceptions.raise_compiler_error(
            node.resource_type ~ " '" ~ node.name ~ "' has no schema: give its folder a +schema in dbt_project.yml"
        ) }}
    {%- endif -%}
    {#- Production is built beside what is being read, and takes its place when it is published. -#}
    {{ [target.schema, 'next' if is_production(), custom_schema_name] | select | map('trim') | join('_') }}
{%- endmacro %}
