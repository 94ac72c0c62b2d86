-- The triage of payments sums the refunds before the operations are triaged: the sum must equal that of the mart.
with

operations as (
    select
        payment_id,
        sum(amount) as refunded_amount
    from {{ ref('payment_operations') }}
    where operation_type = 'refund'
    group by payment_id
)

select
    payments.payment_id,
    payments.refunded_amount,
    operations.refunded_amount as refunded_by_operations
from (select * from {{ ref('payments') }}) as payments
left join operations on payments.payment_id = operations.payment_id
where payments.refunded_amount is distinct from coalesce(operations.refunded_amount, 0)
