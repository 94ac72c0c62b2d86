select
    payment_item_id,
    legacy_ware_id,
    legacy_product_id,
    payment_id,
    product_id,
    item_name,
    description,
    quantity,
    is_free,
    base_amount,
    doctor_amount,
    global_amount,
    discount_percent,
    discount_amount,
    discount_reason,
    total_amount
from {{ ref('int_payment_items__triaged') }}
where disposition = 'migrated'
