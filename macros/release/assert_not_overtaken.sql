{% macro assert_not_overtaken() -%}
    {%- if execute and is_production() and flags.WHICH in ('build', 'run', 'seed', 'snapshot') -%}
        select {{ release_schema() }}.refuse_overtaken_build('{{ invocation_id }}')
    {%- endif -%}
{%- endmacro %}
