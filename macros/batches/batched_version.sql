{% macro batched_version(sql) -%}
    {#- A hash of everything that makes all batches out of date when it changes: the query, the views it reads through,
        the columns of the contract. -#}
    {%- set views = run_query(
        "select pg_get_viewdef(oid) from pg_catalog.pg_class where relkind = 'v' and oid in ("
        ~ (["null"] + upstream_views() | list) | join(', ') ~ ") order by oid::regclass::text collate \"C\""
    ).columns[0].values() -%}
    {{ return(local_md5(sql ~ views | join ~ get_table_columns_and_constraints())) }}
{%- endmacro %}

{% macro upstream_views(node=model) -%}
    {#- SQL expressions of the views between a model and the tables that it is made from. Views on views are followed
        down to the first tables. -#}
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
