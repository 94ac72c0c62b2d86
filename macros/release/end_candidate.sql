{% macro end_candidate(results) -%}
    {%- if execute and is_production() and flags.WHICH in ('build', 'run', 'seed', 'snapshot', 'test')
        and release_table('builds') -%}
        {%- set every = (built_nodes() + own_nodes('test')) | map(attribute='unique_id') | list -%}
        {%- set passed, failed, built = [], ['--empty'] if flags.EMPTY else [], [] -%}
        {%- for result in results if result.node.package_name == project_name
            and result.node.resource_type in ('model', 'seed', 'snapshot', 'test', 'unit_test') -%}
            {%- set nodes = passed if result.status | string in ('success', 'pass', 'warn') else failed -%}
            {%- do nodes.append(result.node.unique_id) -%}
            {%- if result.node.resource_type in ('model', 'seed', 'snapshot') -%}
                {%- do built.append(result.node.unique_id) -%}
            {%- endif -%}
        {%- endfor -%}
        {{ install_protocol() }}
        select {{ release_schema() }}.finish_build(
            {{ 'null' if flags.WHICH == 'test' else sql_text(invocation_id) }}, '{{ project_checksum() }}'
            {%- for nodes in (every, built, passed, failed) %},
            string_to_array('{{ nodes | unique | join(",") }}', ','){% endfor %}
        )
    {%- endif -%}
{%- endmacro %}
