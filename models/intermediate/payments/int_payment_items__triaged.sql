with

wares as (
    {{ numbered_duplicates(ref('stg_dispatch__wares'), ['legacy_ware_id']) }}
),

payments as (
    select * from {{ ref('payments') }}
),

products as (
    select * from {{ ref('products') }}
),

reasoned as (
    select
        wares.*,
        payments.payment_id,
        products.product_id,
        case
            when wares.legacy_ware_id is null then 'legacy_id_not_given'
            when wares.occurrence > 1 then 'duplicate_legacy_id'
            when payments.payment_id is null then 'payment_not_migrated'
            when {{ any_missing(['wares.quantity', 'wares.is_free', 'wares.total']) }}
                then 'required_value_missing'
            when {{ any_out_of_range(
                amounts=[
                    'wares.base_price', 'wares.doctor_price', 'wares.global_price', 'wares.discount', 'wares.total',
                ],
                integers=[
                    'wares.legacy_ware_id', 'wares.legacy_product_id', 'wares.quantity', 'wares.discount_percent',
                ],
            ) }} then 'value_out_of_range'
        end as reason
    from wares
    left join payments on wares.legacy_payment_id = payments.legacy_payment_id
    left join products on wares.legacy_product_id = products.legacy_product_id
)

select
    {{ entity_key('payment_items', 'legacy_ware_id') }} as payment_item_id,
    legacy_ware_id,
    legacy_payment_id,
    legacy_product_id,
    payment_id,
    product_id,
    name as item_name,
    description,
    quantity,
    is_free,
    base_price as base_amount,
    doctor_price as doctor_amount,
    global_price as global_amount,
    discount_percent,
    discount as discount_amount,
    discount_reason,
    total as total_amount,
    {{ disposition('reason') }} as disposition,
    reason
from reasoned
