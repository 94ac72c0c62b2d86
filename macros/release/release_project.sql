{% macro release_project() -%}
    {#- What a publish needs of the project, recorded with the build; protocol/03_build.sql describes it. -#}
    {%- set nodes = [] -%}
    {%- for node in built_nodes() | sort(attribute='unique_id') -%}
        {%- set entry = {'name': node.name, 'relations': [{'layer': node.config.schema, 'name': node.alias}]} -%}
        {%- if node.config.materialized == 'batched' -%}
            {%- do entry.relations.append({'layer': 'intermediate', 'name': node.alias ~ '__loaded_batches'}) -%}
        {%- endif -%}
        {#- Analysts see the public models with a contract. -#}
        {%- if node.resource_type == 'model' and node.config.contract.enforced -%}
            {%- set columns = [] -%}
            {%- for column in described_columns(node).values() -%}
                {%- do columns.append({
                    'name': column.name,
                    'description': column.description,
                    'pii': column.config.meta.get('pii') == true,
                    'shown_if': column.config.meta.get('shown_if'),
                }) -%}
            {%- endfor -%}
            {%- do entry.update({'contract': contract_violations(node)}) -%}
            {%- if node.config.access == 'public' -%}
                {%- do entry.update({'mart': {'description': node.description, 'columns': columns}}) -%}
            {%- endif -%}
        {%- endif -%}
        {%- do nodes.append(entry) -%}
    {%- endfor -%}
    {{ return({'checksum': project_checksum(), 'nodes': nodes}) }}
{%- endmacro %}

{% macro project_checksum() -%}
    {#- A checksum of the built nodes, their contracts, tags and descriptions, and of the variables. -#}
    {%- set parts = [] -%}
    {%- for node in built_nodes() -%}
        {%- do parts.append(tojson([
            node.unique_id, node.checksum.checksum, node.schema, node.alias, node.description, node.columns,
            node.constraints | default([]), node.config.contract.enforced | default(false),
        ])) -%}
    {%- endfor -%}
    {%- for name in var_forms() -%}
        {%- do parts.append(name ~ ' ' ~ sql_var(name)) -%}
    {%- endfor -%}
    {{ return(local_md5(parts | sort | join)) }}
{%- endmacro %}

{% macro sql_text(text) -%}
    {#- A text as an SQL literal. -#}
    '{{ text | trim | replace("'", "''") }}'
{%- endmacro %}
