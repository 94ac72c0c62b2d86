{% test has_one_disposition(model) %}

-- A row without a reason is migrated; any other has a reason of the seed, which says whether it is excluded or rejected.
with

triaged as (
    select * from {{ model }}
),

reasons as (
    select * from {{ ref('reject_reasons') }}
)

select triaged.*
from triaged
left join reasons on triaged.reason = reasons.reason
where
    triaged.disposition is distinct from
    case when triaged.reason is null then 'migrated' else reasons.disposition end

{% endtest %}
