{% macro assert_not_overtaken() -%}
    {#- Pre-hook of everything that is built. In production the candidate belongs to the run that began last: what an
        earlier one still built would get there untested. -#}
    {%- if execute and is_production() and flags.WHICH in ('build', 'run', 'seed', 'snapshot') -%}
    do $$
    begin
        if {{ newest_build() }} is distinct from '{{ invocation_id }}' then
            raise exception 'another dbt run with --target prod has begun meanwhile, and the candidate is its own';
        end if;
    end $$
    {%- endif -%}
{%- endmacro %}
