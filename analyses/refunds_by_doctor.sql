select
    doctors.doctor_number,
    count(*) as refunded_payments,
    sum(payments.refunded_amount) as refunds,
    sum(case when payments.is_cancelled then payments.refunded_amount else 0 end) as refunds_of_cancelled
from {{ analytics('payments') }} as payments
left join {{ analytics('doctors') }} as doctors on payments.doctor_id = doctors.doctor_id
where payments.refunded_amount > 0
group by doctors.doctor_number
order by refunds desc, doctors.doctor_number asc
