{% macro generate_schema_name(custom_schema_name, node) -%}
    {#- Overrides dbt's macro: <target schema>_<layer>, in production <target schema>_next_<layer>. The nodes of
        packages keep the names that dbt gives them; they are not part of a release. -#}
    {%- if node.package_name != project_name -%}
        {{ return(default__generate_schema_name(custom_schema_name, node)) }}
    {%- endif -%}
    {#- A relation without a layer would be built outside the layers, and no release would publish it: refuse it. -#}
    {%- if custom_schema_name is none and node.resource_type in ('model', 'seed', 'snapshot') -%}
        {{ exceptions.raise_compiler_error(
            node.resource_type ~ " '" ~ node.name ~ "' has no schema: give its folder a +schema in dbt_project.yml"
        ) }}
    {%- endif -%}
    {#- Production builds beside the published version and replaces it when it is published. -#}
    {{ [target.schema, 'next' if is_production(), custom_schema_name] | select | map('trim') | join('_') }}
{%- endmacro %}
