{% macro publish(build_id=none) -%}
    {%- do assert_production('publish') -%}
    {%- do assert_session() -%}
    {%- set build = last_build() -%}
    {%- do assert_publishable(build, build_id) -%}
    {%- do assert_ledger_adds_up() -%}
    {%- set preparations = assert_candidate_is_as_built() ~ create_missing_roles() ~ create_analytics_views() -%}
    {%- do run_query(swap_versions('publish', build.build_id, preparations)) -%}
    {% do log('published build ' ~ build.build_id, info=True) %}
{%- endmacro %}

{% macro assert_production(operation) -%}
    {#- Stops an operation with another target than prod, of a user who may not release, or after the hand-over. -#}
    {%- do assert_engine_can(operation) -%}
    {%- if not is_production() -%}
        {{ exceptions.raise_compiler_error(operation ~ " works on target prod only: add --target prod") }}
    {%- endif -%}
    {%- do assert_may_release() -%}
    {%- do assert_not_handed_over(operation) -%}
{%- endmacro %}

{% macro last_build() -%}
    {#- The build that the candidate belongs to; none when nothing was built. -#}
    {%- if release_table('builds') is none -%}
        {{ return(none) }}
    {%- endif -%}
    {%- do run_query(create_release_tables()) -%}
    {%- set found = run_query(
        "select build_id, finished_at is not null as is_finished, unfinished is null as is_unknown,"
        ~ " cardinality(unfinished) as unfinished_nodes, array_to_string(unfinished[:3], ', ') as some_unfinished,"
        ~ " build_id in (select live_build_id from " ~ release_schema() ~ ".publications) as is_published"
        ~ " from " ~ release_schema() ~ ".builds where build_id = " ~ newest_build()
    ).rows -%}
    {{ return(found[0] if found else none) }}
{%- endmacro %}

{% macro assert_publishable(build, build_id) -%}
    {#- Stops publish, with the reason, when the candidate is incomplete, not tested, or not of the build that was
        meant. -#}
    {%- set again = 'Run dbt build --target prod, then publish.' -%}
    {%- set reason = none -%}
    {%- if build is none -%}
        {%- set reason = 'nothing was built. ' ~ again -%}
    {%- elif build_id is not none and build_id != build.build_id -%}
        {%- set reason = 'the candidate belongs to build ' ~ build.build_id ~ ', not to ' ~ build_id ~ ': another run wrote'
            ~ ' into it. ' ~ again -%}
    {%- elif build.is_published -%}
        {%- set reason = 'build ' ~ build.build_id ~ ' was published already. ' ~ again -%}
    {%- elif build.is_unknown or not build.is_finished -%}
        {%- set reason = 'build ' ~ build.build_id ~ ' did not reach its end. ' ~ again -%}
    {%- elif build.unfinished_nodes -%}
        {%- set reason = 'build ' ~ build.build_id ~ ' left ' ~ build.unfinished_nodes
            ~ ' nodes unbuilt, untested or failed'
            ~ ' (' ~ build.some_unfinished ~ (', …' if build.unfinished_nodes > 3) ~ '). Repair them, then dbt retry'
            ~ ' or dbt build the whole project with --target prod.' -%}
    {%- endif -%}
    {%- if reason -%}{{ exceptions.raise_compiler_error('not published: ' ~ reason) }}{%- endif -%}
{%- endmacro %}

{% macro assert_ledger_adds_up() -%}
    {#- The tests of the build check this too; here it is checked even if a test was changed or left out. -#}
    {%- set audit = own_nodes('model') | selectattr('name', 'equalto', 'migration_ledger') | first -%}
    {%- set keys = own_nodes('model') | selectattr('name', 'equalto', 'foreign_key_ledger') | first -%}
    {%- set faults = run_query(
        "select entity || ': ' || source_rows || ' rows, ' || migrated_rows + excluded_rows + rejected_rows || ' accounted for'"
        ~ " from " ~ audit.relation_name
        ~ " where source_rows is distinct from migrated_rows + excluded_rows + rejected_rows"
        ~ " union all select child || '.' || child_column || ': ' || orphan_rows || ' orphans, key '"
        ~ " || case when is_enforced then 'enforced' else 'not enforced' end"
        ~ " from " ~ keys.relation_name ~ " where orphan_rows > 0 or is_enforced is not true"
    ).columns[0].values() -%}
    {%- if faults -%}
        {{ exceptions.raise_compiler_error('not published: the ledger does not add up. ' ~ faults | join('; ')) }}
    {%- endif -%}
{%- endmacro %}
