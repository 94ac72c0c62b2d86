{% materialization batched, adapter='spark' %}
    {#- Parquet files are not changed in place, and all cores write at once: the whole table is written again. -#}
    {%- set target_relation = this.incorporate(type='table') -%}
    {{ run_hooks(pre_hooks) }}
    {%- do adapter.drop_relation(target_relation) -%}
    {%- call statement('main') -%}
        {{ create_table_as(False, target_relation, with_key_cast(sql)) }}
    {%- endcall -%}
    {%- do persist_docs(target_relation, model) -%}
    {{ run_hooks(post_hooks) }}
    {{ return({'relations': [target_relation]}) }}
{% endmaterialization %}
