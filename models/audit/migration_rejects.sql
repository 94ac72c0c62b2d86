with

dispositions as (
    select * from {{ ref('int_audit__dispositions') }}
),

reasons as (
    select * from {{ ref('reject_reasons') }}
)

select
    dispositions.entity,
    dispositions.legacy_table,
    cast(dispositions.legacy_id as bigint) as legacy_id,
    dispositions.disposition,
    dispositions.reason,
    reasons.meaning,
    reasons.remedy
from dispositions
left join reasons on dispositions.reason = reasons.reason
where dispositions.disposition <> 'migrated'
