with

discounts as (
    {{ numbered_duplicates(ref('stg_dispatch__discounts'), ['legacy_discount_id']) }}
),

offers as (
    select * from {{ ref('offers') }}
),

reasoned as (
    select
        discounts.*,
        offers.offer_id,
        case
            when discounts.legacy_discount_id is null then 'legacy_id_not_given'
            when discounts.occurrence > 1 then 'duplicate_legacy_id'
            when offers.offer_id is null then 'offer_not_migrated'
            when {{ any_missing(['discounts.discount_percent']) }} then 'required_value_missing'
            when {{ any_out_of_range(
                days=['discounts.start_date', 'discounts.finish_date'],
                percents=['discounts.discount_percent'],
                integers=[
                    'discounts.legacy_discount_id', 'discounts.discount_percent', 'discounts.legacy_count',
                    'discounts.legacy_total', 'discounts.legacy_used',
                ],
            ) }} then 'value_out_of_range'
        end as reason
    from discounts
    left join offers on discounts.legacy_offer_id = offers.legacy_offer_id
)

select
    {{ entity_key('discounts', 'legacy_discount_id') }} as discount_id,
    legacy_discount_id,
    legacy_offer_id,
    offer_id,
    discount_percent,
    discount_reason,
    legacy_count,
    legacy_total,
    legacy_used,
    start_date,
    finish_date,
    {{ disposition('reason') }} as disposition,
    reason
from reasoned
