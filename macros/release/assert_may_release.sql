{% macro assert_may_release() -%}
    {#- PostgreSQL would say it too, of the first statement that is refused, and not what to do. -#}
    {%- set owner = run_query(
        "select pg_get_userbyid(nspowner) from pg_catalog.pg_namespace where nspname = '" ~ release_schema() ~ "'"
        ~ " and not pg_has_role(nspowner, 'usage')"
    ).columns[0].values() | first -%}
    {%- if owner -%}
        {{ exceptions.raise_compiler_error(
            'schema ' ~ release_schema() ~ ' belongs to user ' ~ owner ~ ', and user ' ~ target.user
            ~ ' may not release: connect as that user (DISPATCH_PGUSER), or as a member of it.'
        ) }}
    {%- endif -%}
{%- endmacro %}

{% macro assert_may_write() -%}
    {%- if run_query("select current_setting('transaction_read_only') = 'on'").rows[0][0] -%}
        {{ exceptions.raise_compiler_error(
            target.host ~ ' lets user ' ~ target.user ~ ' only read: it is a standby, or default_transaction_read_only is on'
            ~ ' for this user or database. Name the primary server, or reset the setting.'
        ) }}
    {%- endif -%}
{%- endmacro %}
