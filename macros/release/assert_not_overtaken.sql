{% macro assert_not_overtaken() -%}
    {%- if execute and is_production() and flags.WHICH in ('build', 'run', 'seed', 'snapshot') -%}
    do $$
    begin
        if {{ newest_build() }} is distinct from '{{ invocation_id }}' then
            raise exception 'another dbt run with --target prod has started since and now owns the candidate';
        end if;
    end $$
    {%- endif -%}
{%- endmacro %}
