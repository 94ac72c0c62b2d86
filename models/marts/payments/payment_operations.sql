select
    payment_operation_id,
    cast(legacy_operation_id as integer) as legacy_operation_id,
    payment_id,
    operation_type,
    cast(legacy_type as integer) as legacy_type,
    cast(amount as numeric(12, 2)) as amount,
    cast(attempts as integer) as attempts,
    square_order_id,
    square_payment_id,
    square_refund_id,
    card_brand,
    card_bin,
    card_last_four,
    is_office_card,
    made_at
from {{ ref('int_payment_operations__triaged') }}
where disposition = 'migrated'
