with orders as (
    select
        order_id,
        patient_id,
        course_id,
        submitted_at,
        lead(submitted_at) over (
            partition by patient_id order by submitted_at, legacy_instruction_id
        ) as next_submitted_at
    from {{ analytics('orders') }}
),

messages as (
    select
        messages.message_id,
        orders.order_id
    from {{ analytics('messages') }} as messages
    left join orders
        on
            messages.target_patient_id = orders.patient_id
            and messages.created_at >= orders.submitted_at
            and (messages.created_at < orders.next_submitted_at or orders.next_submitted_at is null)
    where messages.target_patient_id is not null
)

select
    case
        when orders.order_id is null then 'no order yet'
        else coalesce(courses.course_name, 'no course')
    end as course,
    count(distinct orders.order_id) as orders,
    count(messages.message_id) as messages,
    round(cast(count(messages.message_id) as numeric) / nullif(count(distinct orders.order_id), 0), 2) as per_order
from orders
full join messages on orders.order_id = messages.order_id
left join {{ analytics('courses') }} as courses on orders.course_id = courses.course_id
group by course
order by messages desc, course asc
