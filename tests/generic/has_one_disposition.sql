{% test has_one_disposition(model) %}

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
