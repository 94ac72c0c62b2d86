{% macro assert_sole_builder() -%}
    {%- if execute and is_production() and flags.WHICH in ('build', 'run', 'seed', 'snapshot') -%}
        select {{ release_schema() }}.refuse_other_builders()
    {%- endif -%}
{%- endmacro %}
