{% macro install_protocol() -%}
    {#- Statements that install the functions of the folder protocol in the release schema; none when it has them. -#}
    {%- set files = graph.nodes.values() | selectattr('resource_type', 'equalto', 'analysis')
        | selectattr('package_name', 'equalto', project_name) | sort(attribute='name') | map(attribute='raw_code') | list -%}
    {%- do run_query(
        "select set_config('dispatch.schema', '" ~ release_schema() ~ "', false),"
        ~ " set_config('dispatch.protocol', '" ~ local_md5(files | join('\n')) ~ "', false)"
    ) -%}
    {%- do run_query(files[0]) -%}
    {%- if run_query("select current_setting('dispatch.is_installed')").rows[0][0] != 'true' -%}
        create schema if not exists {{ release_schema() }};
        set local search_path to {{ release_schema() }}, pg_catalog, pg_temp;
        {{ files[1:] | join('\n') }}
        set local search_path to pg_catalog, pg_temp;
    {%- endif -%}
{%- endmacro %}
