{% macro create_analytics_views() -%}
    {#- One view for each mart and audit table, with every column that is not marked pii and the descriptions of both:
        what analysts read. A view belongs to the version of the table it was made on, and is exchanged with it. -#}
    create schema analytics_next;
    {%- for node in marts_to_publish() %}
    {%- set columns = node.columns.values() | rejectattr('config.meta.pii', 'equalto', true) | list %}
    create view analytics_next.{{ node.alias }} as
    select {{ columns | map(attribute='name') | join(', ') }}
    from {{ node.relation_name }};
    comment on view analytics_next.{{ node.alias }} is {{ sql_text(node.description) }};
    {%- for column in columns if column.description %}
    comment on column analytics_next.{{ node.alias }}.{{ column.name }} is {{ sql_text(column.description) }};
    {%- endfor %}
    {%- endfor %}
    insert into {{ release_schema() }}.built_relations (relation, state)
    select oid, {{ release_schema() }}.state_of(oid)
    from pg_catalog.pg_class
    where relnamespace = to_regnamespace('analytics_next');
{%- endmacro %}

{% macro marts_to_publish() -%}
    {{ return(graph.nodes.values() | selectattr('resource_type', 'equalto', 'model')
        | selectattr('config.contract.enforced') | sort(attribute='name')) }}
{%- endmacro %}

{% macro sql_text(text) -%}
    '{{ text | trim | replace("'", "''") }}'
{%- endmacro %}
