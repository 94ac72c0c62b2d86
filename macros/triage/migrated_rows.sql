{% macro migrated_rows(triaged) -%}
    {#- The key that cuts a batched table stays uncast, because the index of the legacy table serves the uncast column
        only. -#}
    select
    {%- for column in model.columns.values() %}
        {% if column.name == config.meta_get('batch_by') -%}
            {{ column.name }}
        {%- else -%}
            cast({{ column.name }} as {{ engine_type(column.data_type) }}) as {{ column.name }}
        {%- endif %}{{ ',' if not loop.last }}
    {%- endfor %}
    from {{ triaged }}
    where disposition = 'migrated'
{%- endmacro %}
