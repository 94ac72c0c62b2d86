{% macro batched_version(sql) -%}
    {#- Changes when the query, a view it reads through, or the contract changes: every batch is then out of date. -#}
    {%- set views = run_query(
        "select pg_get_viewdef(oid) from pg_catalog.pg_class where relkind = 'v' and oid in ("
        ~ (["null"] + upstream_views() | list) | join(', ') ~ ") order by oid::regclass::text"
    ).columns[0].values() -%}
    {{ return(local_md5(sql ~ views | join ~ get_table_columns_and_constraints())) }}
{%- endmacro %}

{% macro upstream_views(node=model) -%}
    {#- Views on views are followed down to the first tables. -#}
    {%- set views = [] -%}
    {%- for id in node.depends_on.nodes -%}
        {%- set parent = graph.nodes.get(id) -%}
        {%- if parent and parent.config.materialized == 'view' -%}
            {%- set names = [parent.relation_name, (parent.defer_relation or parent).relation_name] -%}
            {%- do views.append("coalesce(to_regclass('" ~ names | join("'), to_regclass('") ~ "'))") -%}
            {%- do views.extend(upstream_views(parent)) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(views) }}
{%- endmacro %}
