{% test equals_legacy(model, legacy, key, columns) %}

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
    mart.{{ columns | join(',\n    mart.') }}
from mart
where
    not exists (
        select 1
        from legacy
        where
            legacy.id = mart.{{ key }}
            {%- for column, legacy_column in columns.items() %}
            and legacy.{{ adapter.quote(legacy_column) }} is not distinct from mart.{{ column }}
            {%- endfor %}
    )

{% endtest %}
