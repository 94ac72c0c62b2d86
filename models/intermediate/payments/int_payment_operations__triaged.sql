with

operations as (
    select * from {{ ref('int_payment_operations__checked') }}
),

payments as (
    select * from {{ ref('payments') }}
),

reasoned as (
    select
        operations.*,
        payments.payment_id,
        case
            when operations.own_reason is not null then operations.own_reason
            when payments.payment_id is null then 'payment_not_migrated'
        end as reason
    from operations
    left join payments on operations.legacy_payment_id = payments.legacy_payment_id
)

select
    {{ entity_key('payment_operations', 'legacy_operation_id') }} as payment_operation_id,
    legacy_operation_id,
    legacy_payment_id,
    payment_id,
    operation_type,
    type_code as legacy_type,
    price as amount,
    attempts,
    sq_order_id as square_order_id,
    sq_payment_id as square_payment_id,
    sq_refund_id as square_refund_id,
    card_brand,
    card_bin,
    card_last as card_last_four,
    is_office_card,
    made_at,
    {{ disposition('reason') }} as disposition,
    reason
from reasoned
