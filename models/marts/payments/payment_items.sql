select
    payment_item_id,
    cast(legacy_ware_id as integer) as legacy_ware_id,
    cast(legacy_product_id as integer) as legacy_product_id,
    payment_id,
    product_id,
    item_name,
    description,
    cast(quantity as integer) as quantity,
    is_free,
    cast(base_amount as numeric(12, 2)) as base_amount,
    cast(doctor_amount as numeric(12, 2)) as doctor_amount,
    cast(global_amount as numeric(12, 2)) as global_amount,
    cast(discount_percent as integer) as discount_percent,
    cast(discount_amount as numeric(12, 2)) as discount_amount,
    discount_reason,
    cast(total_amount as numeric(12, 2)) as total_amount
from {{ ref('int_payment_items__triaged') }}
where disposition = 'migrated'
