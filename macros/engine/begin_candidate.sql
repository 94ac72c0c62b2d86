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
            {%- do assert_may_release() -%}
        {%- endif -%}
        {%- do assert_not_handed_over('dbt ' ~ flags.WHICH) -%}
        {%- if is_production() -%}
            {%- do assert_no_other_release() -%}
            {%- do assert_sole_builder() -%}
            {%- do assert_analytics_is_ours() -%}
            {%- do assert_nothing_of_others_is_lost() -%}
            {{ open_candidate() }}
        {%- else -%}
            {%- do assert_nothing_is_published() -%}
            {%- do assert_no_other_run() -%}
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}

{% macro open_candidate() -%}
    {{ create_release_tables() }}
    insert into {{ release_schema() }}.builds (build_id, git_commit, project_checksum)
    values ('{{ invocation_id }}', nullif('{{ env_var("DISPATCH_GIT_COMMIT", "") | replace("'", "''") }}', ''), '{{ project_checksum() }}');
    {#- Remains of the version before last: readers' views, and relations that the project no longer builds. -#}
    drop schema if exists analytics_next cascade;
    {%- set kept = built_nodes() | map(attribute='alias') | list -%}
    {%- for node in built_nodes() if node.config.materialized == 'batched' -%}
        {%- do kept.append(node.alias ~ '__loaded_batches') -%}
    {%- endfor %}
    do $$
    declare
        leftover record;
    begin
        for leftover in
            select case relkind when 'v' then 'view' else 'table' end as kind, cast(pg_class.oid as regclass) as relation
            from pg_catalog.pg_class
            where
                relkind in ('r', 'v')
                and relnamespace = any(array(
                    select oid from pg_catalog.pg_namespace
                    where nspname in ('{{ released_schemas() | map(attribute="next") | join("', '") }}')
                ))
                and relname not in ('{{ kept | join("', '") }}')
        loop
            execute format('drop %s if exists %s cascade', leftover.kind, leftover.relation);
        end loop;
    end $$;
    {#- A history continues from the published one, not from that of a refused candidate. -#}
    {%- for node in built_nodes() if node.resource_type == 'snapshot' and node.unique_id in selected_resources -%}
        {%- set next = api.Relation.create(node.database, node.schema, node.alias, type='table') -%}
        {%- set live = adapter.get_relation(
            node.database, node.schema | replace(target.schema ~ '_next_', target.schema ~ '_', 1), node.alias
        ) -%}
        {%- do adapter.cache_dropped(next) %}
    create schema if not exists {{ node.schema }};
    drop table if exists {{ next }};
        {%- if live is not none -%}
            {%- do adapter.cache_added(next) %}
    create table {{ next }} as select * from {{ live }};
        {%- endif -%}
    {%- endfor %}
    delete from {{ release_schema() }}.built_relations where relation not in (select oid from pg_catalog.pg_class);
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

{% macro assert_no_other_release() -%}
    {#- Stops the run while a release is running that did not start it. -#}
    {%- set releases = release_table('releases') -%}
    {%- set running = run_query(
        "select release_id, pid, usename from " ~ releases ~ " as release"
        ~ " inner join pg_catalog.pg_stat_activity on pid = backend_process"
        ~ " where outcome = 'running' and release_id <> '" ~ env_var('DISPATCH_RELEASE_ID', '') | replace("'", "''") ~ "'"
        ~ " and coalesce(backend_start = cast(to_jsonb(release) ->> 'backend_started_at' as timestamptz), true)"
    ).rows if releases is not none else [] -%}
    {%- if running -%}
        {{ exceptions.raise_compiler_error(
            'release ' ~ running[0].release_id ~ ' is running and the candidate is its own (session ' ~ running[0].pid
            ~ ' of user ' ~ running[0].usename ~ '): wait until it has ended.'
        ) }}
    {%- endif -%}
{%- endmacro %}

{% macro assert_analytics_is_ours() -%}
    {#- Before the first publish the schemas of the analysts' views must not exist yet. -#}
    {%- set publications = release_table('publications') -%}
    {%- set found = run_query(
        "select 1 from pg_catalog.pg_namespace where nspname in ('analytics', 'analytics_next')"
    ).rows if publications is none or not run_query('select 1 from ' ~ publications ~ ' limit 1').rows else [] -%}
    {%- if found -%}
        {{ exceptions.raise_compiler_error(
            "database '" ~ target.dbname ~ "' has a schema analytics or analytics_next that no release has made, and a"
            ~ " publish would replace it: rename it, or give the project a database of its own."
        ) }}
    {%- endif -%}
{%- endmacro %}

{% macro assert_packages_stay_apart() -%}
    {#- The relations of a package are built where the package says, while the build runs: they must not be in a
        published schema. -#}
    {%- set released = released_schemas() -%}
    {%- for node in graph.nodes.values() if node.package_name != project_name
        and node.schema in released | map(attribute='live') | list + released | map(attribute='next') | list -%}
        {{ exceptions.raise_compiler_error(
            node.unique_id ~ " of a package would be built into schema " ~ node.schema ~ ", which releases publish: give the"
            ~ " package another +schema in dbt_project.yml"
        ) }}
    {%- endfor -%}
{%- endmacro %}
