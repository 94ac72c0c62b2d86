select
    payment_operation_id,
    legacy_operation_id,
    payment_id,
    operation_type,
    legacy_type,
    amount,
    attempts,
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
