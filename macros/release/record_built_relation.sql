{% macro record_built_relation() -%}
    {%- if execute and is_production() and flags.WHICH in ('build', 'run', 'seed', 'snapshot') -%}
        {%- set relations = [this] -%}
        {%- if config.get('materialized') == 'batched' -%}
            {%- do relations.append(loaded_batches_relation(this)) -%}
        {%- endif -%}
        select {{ release_schema() }}.record_relations(cast(array['{{ relations | join("', '") }}'] as regclass[]))
    {%- endif -%}
{%- endmacro %}
