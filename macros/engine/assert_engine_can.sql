{% macro assert_engine_can(operation) -%}
    {{ return(adapter.dispatch('assert_engine_can', 'dispatch')(operation)) }}
{%- endmacro %}

{% macro postgres__assert_engine_can(operation) -%}
    {#- PostgreSQL has everything. -#}
{%- endmacro %}

{% macro spark__assert_engine_can(operation) -%}
    {#- What Spark does not have is refused in one sentence. -#}
    {%- set reasons = {
        'build as prod': 'a candidate is published by swapping schemas in one transaction, which Spark does not have',
        'read the catalog of the legacy database': 'the export has the declared tables and columns only; the inventory'
            ~ ' works on PostgreSQL',
        'publish': 'schemas cannot be swapped in one transaction on Spark; a publication works on PostgreSQL',
        'rollback': 'schemas cannot be swapped in one transaction on Spark; a publication works on PostgreSQL',
        'snapshot': 'Parquet tables cannot be updated: a history needs Delta Lake, Apache Iceberg or Apache Hudi tables',
    } -%}
    {{ exceptions.raise_compiler_error(
        'cannot ' ~ operation ~ ' with target ' ~ target.name ~ ': ' ~ reasons[operation]
    ) }}
{%- endmacro %}
