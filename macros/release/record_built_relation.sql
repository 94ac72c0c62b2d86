{% macro record_built_relation() -%}
    {%- if execute and is_production() and flags.WHICH in ('build', 'run', 'seed', 'snapshot') -%}
        {%- set relations = [this] -%}
        {%- if config.get('materialized') == 'batched' -%}
            {%- do relations.append(loaded_batches_relation(this)) -%}
        {%- endif -%}
        insert into {{ release_schema() }}.built_relations (relation, state)
        select built.relation, {{ release_schema() }}.state_of(built.relation)
        from unnest(cast(array['{{ relations | join("', '") }}'] as regclass[])) as built (relation)
        on conflict (relation) do update set state = excluded.state
    {%- endif -%}
{%- endmacro %}
