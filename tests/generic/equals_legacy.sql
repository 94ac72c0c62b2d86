{% test equals_legacy(model, column_name, staging, key, legacy_column) %}

-- The column still says what the legacy table says. A row of the mart without a legacy row fails as well.
with

mart as (
    select * from {{ model }}
),

legacy as (
    select * from {{ staging }}
)

select
    mart.{{ key }},
    mart.{{ column_name }}
from mart
where
    not exists (
        select 1
        from legacy
        where
            legacy.{{ key }} = mart.{{ key }}
            and legacy.{{ legacy_column }} is not distinct from mart.{{ column_name }}
    )

{% endtest %}
