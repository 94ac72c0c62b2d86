{% macro index_batches(relation) -%}
    {#- Or the rows of each batch that is to be deleted would be looked for in the whole table. -#}
    {%- set name = relation.identifier ~ '__batches' -%}
    create index if not exists {{ name }} on {{ relation }} using brin ({{ config.require('batch_by') }});
    select brin_summarize_new_values('{{ relation.schema }}.{{ name }}');
{%- endmacro %}
