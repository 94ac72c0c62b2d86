select
    offices.legacy_office_id,
    count(*) as payments,
    sum(payments.amount) as charged,
    sum(case when payments.is_cancelled then 0 else payments.paid_amount end) as revenue,
    sum(case when payments.is_cancelled then 0 else payments.paid_amount - payments.refunded_amount end) as net
from {{ analytics('payments') }} as payments
left join {{ analytics('offices') }} as offices on payments.office_id = offices.office_id
group by offices.legacy_office_id
order by revenue desc, offices.legacy_office_id asc
