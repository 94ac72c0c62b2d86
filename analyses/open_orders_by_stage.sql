select
    orders.status,
    count(*) as open_orders,
    count(case when cases.is_closed then 1 end) as of_closed_cases,
    cast(min(orders.submitted_at at time zone 'UTC') as date) as oldest_submitted_on
from {{ analytics('orders') }} as orders
left join {{ analytics('cases') }} as cases on orders.patient_id = cases.patient_id
where orders.status <> 'shipped'
group by orders.status
order by open_orders desc
