{% macro install_protocol() -%}
    {#- Statements that install the functions of the folder protocol in the release schema; none when it has them. -#}
    {%- set files = [] -%}
    {%- for node in own_nodes('analysis') | sort(attribute='name')
        if node.original_file_path.startswith('protocol/') -%}
        {%- do files.append(node.raw_code) -%}
    {%- endfor -%}
    {%- do run_query(
        "select set_config('dispatch.schema', '" ~ release_schema() ~ "', false),"
        ~ " set_config('dispatch.protocol', '" ~ local_md5(files | join('\n')) ~ "', false)"
    ) -%}
    {%- do run_query(files[0]) -%}
    {%- if run_query("select current_setting('dispatch.is_installed')").rows[0][0] != 'true' -%}
        select pg_advisory_xact_lock(hashtext('{{ release_schema() }}'));
        create schema if not exists {{ release_schema() }};
        set local search_path to {{ release_schema() }}, pg_catalog, pg_temp;
        {{ files[1:] | join('\n') }}
        set local search_path to pg_catalog, pg_temp;
    {%- endif -%}
{%- endmacro %}
