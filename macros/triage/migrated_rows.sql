{% macro migrated_rows(triaged) -%}
    {#- A batched table is cut by a key that stays as it is, or no index of the legacy table would find a batch. -#}
    select
    {%- for column in model.columns.values() %}
        {% if column.name == config.get('batch_by') -%}
            {{ column.name }}
        {%- else -%}
            cast({{ column.name }} as {{ column.data_type }}) as {{ column.name }}
        {%- endif %}{{ ',' if not loop.last }}
    {%- endfor %}
    from {{ triaged }}
    where disposition = 'migrated'
{%- endmacro %}
