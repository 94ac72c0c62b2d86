{% test equals_legacy(model, legacy, key, columns={}, cleaned={}) %}

{%- if execute -%}
    {%- set contract = (own_nodes('model') | selectattr('alias', 'equalto', model.identifier) | first).columns -%}
{%- endif -%}

-- From the source itself: a value that staging changed would be changed on both sides of the comparison.
-- A row of the mart without a legacy row fails as well.
with

mart as (
    select * from {{ model }}
),

legacy as (
    select * from {{ legacy }}
)

select
    mart.{{ key }},
    mart.{{ (columns.keys() | list + cleaned.keys() | list) | join(',\n    mart.') }}
from mart
where
    not exists (
        select 1
        from legacy
        where
            legacy.id = mart.{{ key }}
            {%- for column, legacy_column in columns.items() %}
            {%- set value = 'legacy.' ~ adapter.quote(legacy_column) %}
            {%- set data_type = contract.get(column, {}).data_type if execute %}
            {%- if data_type == 'timestamp with time zone' %}
            {%- set value = legacy_time(value) %}
            {%- elif data_type == 'text' %}
            {%- set value = verbatim_text(value) %}
            {%- endif %}
            and {{ value }} is not distinct from mart.{{ column }}
            {%- endfor %}
            {%- for column, legacy_column in cleaned.items() %}
            and {{ clean_text('legacy.' ~ adapter.quote(legacy_column)) }} is not distinct from mart.{{ column }}
            {%- endfor %}
    )

{% endtest %}
