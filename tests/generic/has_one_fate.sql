{% test has_one_fate(model) %}

-- A row without a reason is migrated; any other has a reason of the seed, which says whether it is excluded or rejected.
select triaged.*
from {{ model }} as triaged
left join {{ ref('reject_reasons') }} as reasons on triaged.reason = reasons.reason
where
    triaged.disposition is distinct from
    case when triaged.reason is null then 'migrated' else reasons.disposition end

{% endtest %}
