{% macro take_turn() -%}
    {#- A statement after which no other model adds keys until the transaction ends. Any user who can connect can hold
        an advisory lock, so production locks a table of the release schema. -#}
    {%- if is_production() -%}
        lock table {{ release_schema() }}.publications in share update exclusive mode
    {%- else -%}
        select pg_advisory_xact_lock(hashtext('{{ this.schema }} keys'))
    {%- endif -%}
{%- endmacro %}
