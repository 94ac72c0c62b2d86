{% macro take_turn() -%}
    {#- Until the end of the transaction no other model adds keys. An advisory lock could be held by whoever can
        connect: production takes the lock of a table that belongs to the release. -#}
    {%- if is_production() -%}
        lock table {{ release_schema() }}.publications in share update exclusive mode
    {%- else -%}
        select pg_advisory_xact_lock(hashtext('{{ this.schema }} keys'))
    {%- endif -%}
{%- endmacro %}
