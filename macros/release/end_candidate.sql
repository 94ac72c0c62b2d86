{% macro end_candidate(results) -%}
    {#- A run that does only what the run before it left unfinished, as dbt retry does, continues its list. A run that
        rebuilt anything makes the tests that passed before out of date. -#}
    {%- set builds = release_table('builds') if execute and is_production() -%}
    {%- if builds and flags.WHICH in ('build', 'run', 'seed', 'snapshot', 'test') -%}
        {%- do run_query(create_release_tables()) -%}
        {%- set all = (built_nodes() + own_nodes('test')) | map(attribute='unique_id') | list -%}
        {%- set built_types = ['model', 'seed', 'snapshot'] -%}
        {%- set passed, failed, built = [], ['--empty'] if flags.EMPTY else [], [] -%}
        {%- for result in results if result.node.resource_type in built_types + ['test', 'unit_test']
            and result.node.package_name == project_name -%}
            {%- set nodes = passed if result.status | string in ('success', 'pass', 'warn') else failed -%}
            {%- do nodes.append(result.node.unique_id) -%}
            {%- if result.node.resource_type in built_types -%}
                {%- do built.append(result.node.unique_id) -%}
            {%- endif -%}
        {%- endfor -%}
        {%- set before = unfinished_before() -%}
        {%- set left = all if before is none or built | reject('in', before) | list else before -%}
        {%- set unfinished = left | reject('in', passed) | list + failed -%}
        {{ close_candidate(unfinished | unique | list) }}
    {%- endif -%}
{%- endmacro %}

{% macro unfinished_before() -%}
    {#- The nodes that the run before this one left unfinished; none when it was published, did not reach its end, or
        the project has changed since. -#}
    {%- set found = run_query(
        "select coalesce(array_to_string(unfinished, ','), '') as unfinished, unfinished is not null"
        ~ " and project_checksum = '" ~ project_checksum() ~ "'"
        ~ " and build_id not in (select live_build_id from " ~ release_schema() ~ ".publications) as is_known"
        ~ " from " ~ release_schema() ~ ".builds where build_id <> '" ~ invocation_id ~ "'"
        ~ " order by build_number desc, started_at desc limit 1"
    ).rows -%}
    {{ return(found[0].unfinished.split(',') | select | list if found and found[0].is_known else none) }}
{%- endmacro %}

{% macro close_candidate(unfinished) -%}
    {#- A run of tests has no row of its own: it updates the row of the build it tested, unless that is published. -#}
    update {{ release_schema() }}.builds
    set finished_at = clock_timestamp(), unfinished = string_to_array('{{ unfinished | join(",") }}', ',')
    where
        build_id = {{ newest_build() }}
        and build_id not in (select live_build_id from {{ release_schema() }}.publications)
        and {{ 'unfinished is not null' if flags.WHICH == 'test' else "build_id = '" ~ invocation_id ~ "'" }}
{%- endmacro %}
