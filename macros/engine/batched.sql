{% materialization batched, adapter='spark' %}
    {#- Parquet files are not changed in place, and all cores write at once: the whole table is written again. -#}
    {{ return(materialization_table_spark()) }}
{% endmaterialization %}
