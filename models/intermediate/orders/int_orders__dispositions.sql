with

ranked as (
    select
        *,
        row_number() over (
            partition by legacy_instruction_id
            order by case disposition when 'migrated' then 1 when 'excluded' then 2 else 3 end
        ) as rank
    from {{ ref('int_orders__triaged') }}
    where legacy_instruction_id is not null
)

select
    legacy_instruction_id,
    case when disposition = 'migrated' then order_id end as order_id,
    case when disposition = 'migrated' then patient_id end as patient_id,
    case disposition
        when 'excluded' then 'order_excluded'
        when 'rejected' then 'order_rejected'
    end as reason
from ranked
where rank = 1
