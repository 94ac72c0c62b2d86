{% materialization batched, adapter='postgres' %}
    {%- set target_relation = this.incorporate(type='table') -%}
    {%- set loaded = loaded_batches_relation(this) -%}
    {%- set signatures = ref(config.meta_require('signatures')) -%}

    {{ run_hooks(pre_hooks, inside_transaction=False) }}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}

    {%- set version = batched_version(sql) -%}
    {%- set is_kept = not should_full_refresh() and is_loaded_with(target_relation, loaded, version) -%}
    {%- set changes = run_query(changed_batches(signatures, loaded)).rows if is_kept -%}
    {%- if not is_kept or are_too_many(changes) -%}
        {% call statement('create') -%}
            drop table if exists {{ target_relation }} cascade;
            drop table if exists {{ loaded }};
            create table {{ target_relation }}
            {{ get_assert_columns_equivalent(with_key_cast(sql)) }}
            {{ get_table_columns_and_constraints() }};
            create table {{ loaded }} (batch_number bigint, signature text not null);
            comment on table {{ loaded }} is '{{ version }}';
        {%- endcall %}
        {% do adapter.commit() %}
        {%- set changes = run_query(changed_batches(signatures, loaded)).rows -%}
    {%- endif -%}

    {% do log(this.identifier ~ ": " ~ changes | length ~ " batches to load", info=True) %}
    {%- for change in changes -%}
        {% call statement('batch') -%}
            {{ load_batch(target_relation, loaded, change, sql) }}
        {%- endcall %}
        {% do adapter.commit() %}
        {%- if loop.index % 10 == 0 and not loop.last -%}
            {% do log(this.identifier ~ ": " ~ loop.index ~ " of " ~ changes | length ~ " batches loaded", info=True) %}
        {%- endif -%}
    {%- endfor -%}

    {{ run_hooks(post_hooks, inside_transaction=True) }}
    {% do persist_docs(target_relation, model) %}
    {% call statement('commit', auto_begin=False) -%}
        commit;
    {%- endcall %}
    {#- Statistics for the planner, and the visibility map, so that a test of the key can read its index alone. -#}
    {% call statement('main', auto_begin=False) -%}
        {{ 'vacuum (analyze) ' ~ target_relation if changes else "select 'nothing has changed'" }}
    {%- endcall %}
    {{ run_hooks(post_hooks, inside_transaction=False) }}

    {{ return({'relations': [target_relation]}) }}
{% endmaterialization %}
