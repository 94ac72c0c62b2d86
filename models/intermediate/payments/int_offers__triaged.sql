with

offers as (
    {{ numbered_duplicates(ref('stg_dispatch__offers'), ['legacy_offer_id']) }}
),

doctors as (
    select * from {{ ref('doctors') }}
),

products as (
    select * from {{ ref('products') }}
),

-- A reference that was lost must not widen the offer: a null one may mean every doctor, or every product.
reasoned as (
    select
        offers.*,
        doctors.doctor_id,
        products.product_id,
        case
            when offers.legacy_offer_id is null then 'legacy_id_not_given'
            when offers.occurrence > 1 then 'duplicate_legacy_id'
            when offers.legacy_doctor_user_id is not null and doctors.doctor_id is null then 'doctor_not_migrated'
            when offers.legacy_product_id is not null and products.product_id is null then 'product_not_migrated'
            when {{ any_out_of_range(
                amounts=['offers.price_both', 'offers.price_upper', 'offers.price_lower'],
                integers=['offers.legacy_offer_id'],
            ) }} then 'value_out_of_range'
        end as reason
    from offers
    left join doctors on offers.legacy_doctor_user_id = doctors.legacy_user_id
    left join products on offers.legacy_product_id = products.legacy_product_id
)

select
    {{ entity_key('offers', 'legacy_offer_id') }} as offer_id,
    legacy_offer_id,
    legacy_doctor_user_id,
    legacy_product_id,
    doctor_id,
    product_id,
    price_both as both_jaws_amount,
    price_upper as upper_jaw_amount,
    price_lower as lower_jaw_amount,
    {{ disposition('reason') }} as disposition,
    reason
from reasoned
