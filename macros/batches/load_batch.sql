{% macro load_batch(relation, loaded, change, sql) -%}
    {#- SQL statements, to be run in one transaction, that replace the rows of one batch and record its signature.
        `change` is a row of changed_batches. The rows without a key (batch number null) make a batch of their own. -#}
    {%- set key = config.meta_require('batch_by') -%}
    {%- set number = change.batch_number -%}
    {%- if number is none -%}
        {%- set in_batch, is_batch = key ~ ' is null', 'batch_number is null' -%}
    {%- else -%}
        {%- set first = number | int * 65536 -%}
        {%- set in_batch = key ~ ' between ' ~ first ~ ' and ' ~ (first + 65535) -%}
        {%- set is_batch = 'batch_number = ' ~ number -%}
    {%- endif -%}
    {%- if change.is_loaded %}
    delete from {{ relation }} where {{ in_batch }};
    delete from {{ loaded }} where {{ is_batch }};
    {%- endif %}
    {%- if change.signature is not none %}
    insert into {{ relation }} ({{ model.columns | join(', ') }})
    select {{ model.columns | join(', ') }} from (
        {{ sql }}
    ) as batch
    where {{ in_batch }};
    insert into {{ loaded }} values ({{ 'null' if number is none else number }}, '{{ change.signature }}');
    {%- endif %}
{%- endmacro %}

{% macro with_key_cast(sql) -%}
    {#- The query leaves its key uncast, because the index of the legacy table serves the uncast column only; the insert
        casts it. -#}
    {%- set key = config.meta_require('batch_by') -%}
    select
        {%- for name, column in model.columns.items() %}
        {{ 'cast(' ~ name ~ ' as ' ~ engine_type(column.data_type) ~ ') as ' if name == key }}
        {{- name }}{{ ',' if not loop.last }}
        {%- endfor %}
    from ({{ sql }}) as uncast
{%- endmacro %}
