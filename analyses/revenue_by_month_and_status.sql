select
    cast(date_trunc('month', made_at at time zone 'UTC') as date) as month,
    status,
    count(*) as payments,
    sum(amount) as charged,
    sum(case when is_cancelled then 0 else paid_amount end) as revenue,
    sum(refunded_amount) as refunds,
    sum(case when is_cancelled then 0 else paid_amount - refunded_amount end) as net
from {{ analytics('payments') }}
group by month, status
order by month desc nulls first, status asc
