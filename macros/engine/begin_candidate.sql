{% macro begin_candidate() -%}
    {{ return(adapter.dispatch('begin_candidate', 'dispatch')()) }}
{%- endmacro %}

{% macro spark__begin_candidate() -%}
    {%- if execute and is_production() and flags.WHICH in ('build', 'run', 'seed', 'snapshot') -%}
        {%- do assert_engine_can('build as prod') -%}
    {%- elif execute and flags.WHICH == 'snapshot' -%}
        {%- do assert_engine_can('snapshot') -%}
    {%- endif -%}
{%- endmacro %}

{% macro postgres__begin_candidate() -%}
    {%- if execute and flags.WHICH in ('build', 'run', 'seed', 'snapshot') -%}
        {%- do assert_packages_stay_apart() -%}
        {%- if is_production() -%}
            {{ install_protocol() }}
            select {{ release_schema() }}.begin_build(
                '{{ invocation_id }}', {{ sql_text(tojson(release_project())) }},
                {{ sql_text(env_var('DISPATCH_GIT_COMMIT', '')) }}, {{ own_release() }}, 'dbt {{ flags.WHICH }}',
                string_to_array('{{ histories_to_continue() | join(",") }}', ',')
            )
        {%- else -%}
            {%- do assert_nothing_is_published() -%}
            {%- do assert_no_other_run() -%}
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}

{% macro histories_to_continue() -%}
    {#- The snapshots of this run, as layer.name: begin_build copies their published tables into the candidate, of which
        the cache of dbt must know. -#}
    {%- set histories = [] -%}
    {%- for node in built_nodes() if node.resource_type == 'snapshot' and node.unique_id in selected_resources -%}
        {%- set next = api.Relation.create(node.database, node.schema, node.alias, type='table') -%}
        {%- do adapter.cache_dropped(next) -%}
        {%- if adapter.get_relation(node.database, published_schema(node.schema), node.alias) is not none -%}
            {%- do adapter.cache_added(next) -%}
        {%- endif -%}
        {%- do histories.append(node.config.schema ~ '.' ~ node.alias) -%}
    {%- endfor -%}
    {{ return(histories) }}
{%- endmacro %}

{% macro assert_nothing_is_published() -%}
    {#- A target with the schema dispatch_next would write into the version beside the published one. -#}
    {%- set publications = release_table('publications', target.schema.removesuffix('_next') ~ '_release') -%}
    {%- if publications is not none and run_query('select 1 from ' ~ publications ~ ' limit 1').rows -%}
        {{ exceptions.raise_compiler_error(
            "schemas " ~ target.schema ~ "_* of database '" ~ target.dbname ~ "' are published by releases, and target '"
            ~ target.name ~ "' would overwrite what is being read. Use --target prod and publish, or give target '"
            ~ target.name ~ "' another schema in profiles.yml."
        ) }}
    {%- endif -%}
{%- endmacro %}

{% macro assert_no_other_run() -%}
    {#- Outside production: two runs would replace each other's tables. The comment of its statements (query-comment in
        dbt_project.yml) identifies the other run. It connects for each node, so the search lasts a quarter of a second.
        -#}
    {%- for attempt in range(5) -%}
        {%- do run_query('select pg_sleep(0.05), pg_stat_clear_snapshot()') -%}
        {%- set others = run_query(
            "select pid, usename from pg_catalog.pg_stat_activity"
            ~ " where datname = current_database() and pid <> pg_backend_pid()"
            ~ " and query ~ '^/[*] dbt (build|run|seed|snapshot) into '"
            ~ " and split_part(query, ' ', 5) = '" ~ target.schema ~ "'"
        ).rows -%}
        {%- if others -%}
            {{ exceptions.raise_compiler_error(
                'another dbt run is building into schemas ' ~ target.schema ~ '_* (session ' ~ others[0].pid ~ ' of user '
                ~ others[0].usename ~ '): wait until it has ended.'
            ) }}
        {%- endif -%}
    {%- endfor -%}
{%- endmacro %}

{% macro assert_packages_stay_apart() -%}
    {#- The relations of a package are built where the package says, while the build runs: they must not be in a
        published schema. -#}
    {%- set released = built_nodes() | map(attribute='schema') | unique | list -%}
    {%- for node in graph.nodes.values() if node.package_name != project_name
        and node.schema in released + released | map('replace', target.schema ~ '_next_', target.schema ~ '_', 1) | list
        + ['analytics', 'analytics_next'] -%}
        {{ exceptions.raise_compiler_error(
            node.unique_id ~ " of a package would be built into schema " ~ node.schema ~ ", which releases publish: give the"
            ~ " package another +schema in dbt_project.yml"
        ) }}
    {%- endfor -%}
{%- endmacro %}
