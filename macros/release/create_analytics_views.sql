{% macro create_analytics_views() -%}
    {#- The views of schema analytics: one for each mart and audit table, with all columns not tagged pii and the
        descriptions of both. Free text is shown only where it matches `shown_if` of its column. A view belongs to the
        version of its table and is swapped with it. -#}
    create schema analytics_next;
    {%- for node in marts_to_publish() %}
    {%- set columns = described_columns(node).values() | rejectattr('config.meta.pii', 'equalto', true) | list %}
    create view analytics_next.{{ node.alias }} as
    select
    {%- for column in columns %}
        {%- set form = column.config.meta.get('shown_if') %}
        {{ "case when " ~ column.name ~ " ~ '^(" ~ form ~ ")$' then " ~ column.name ~ " end as " if form }}
        {{- column.name }}{{ ',' if not loop.last }}
    {%- endfor %}
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
    {#- The models that readers see: marts and audit tables, not what is between. -#}
    {{ return(own_nodes('model') | selectattr('config.access', 'equalto', 'public') | sort(attribute='name')) }}
{%- endmacro %}

{% macro sql_text(text) -%}
    {#- A text as an SQL literal. -#}
    '{{ text | trim | replace("'", "''") }}'
{%- endmacro %}
