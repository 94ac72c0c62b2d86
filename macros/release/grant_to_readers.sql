{% macro grant_to_readers(schemas) -%}
    {#- Engineers read every layer, analysts the views; nobody reads the version that is not published. -#}
    {%- for schema in schemas %}
    grant usage on schema {{ schema.live }} to dispatch_engineer;
    grant select on all tables in schema {{ schema.live }} to dispatch_engineer;
    do $$
    begin
        if to_regnamespace('{{ schema.next }}') is not null then
            revoke all on schema {{ schema.next }} from dispatch_engineer, dispatch_analyst;
        end if;
    end $$;
    {%- endfor %}
    grant usage on schema {{ release_schema() }} to dispatch_engineer;
    grant select on all tables in schema {{ release_schema() }} to dispatch_engineer;
    grant usage on schema analytics to dispatch_analyst;
    grant select on all tables in schema analytics to dispatch_analyst;
{%- endmacro %}
