with

jaws as (
    {{ numbered_duplicates(ref('stg_dispatch__jaws'), ['legacy_jaw_id']) }}
),

instructions as (
    select * from {{ ref('int_orders__triaged') }}
),

orders as (
    select * from {{ ref('int_orders__dispositions') }}
),

products as (
    select * from {{ ref('products') }}
),

-- Whether a jaw is the upper or the lower one is known only from the order that refers to it.
pointers as (
    select
        legacy_upper_jaw_id as legacy_jaw_id,
        legacy_instruction_id,
        'upper' as side
    from instructions
    where legacy_upper_jaw_id is not null and coalesce(reason, '') <> 'duplicate_legacy_id'
    union all
    select
        legacy_lower_jaw_id as legacy_jaw_id,
        legacy_instruction_id,
        'lower' as side
    from instructions
    where legacy_lower_jaw_id is not null and coalesce(reason, '') <> 'duplicate_legacy_id'
),

pointed_at as (
    select
        legacy_jaw_id,
        count(*) as pointers,
        min(legacy_instruction_id) as legacy_instruction_id,
        min(side) as side
    from pointers
    group by legacy_jaw_id
),

reasoned as (
    select
        jaws.*,
        pointed_at.legacy_instruction_id,
        pointed_at.side,
        orders.order_id,
        products.product_id,
        case
            when jaws.legacy_jaw_id is null then 'legacy_id_not_given'
            when jaws.occurrence > 1 then 'duplicate_legacy_id'
            when pointed_at.legacy_jaw_id is null then 'jaw_not_used'
            when pointed_at.pointers > 1 then 'jaw_of_several_orders'
            when orders.legacy_instruction_id is null then 'order_rejected'
            when orders.reason is not null then orders.reason
            when {{ any_missing(['jaws.is_labial']) }} then 'required_value_missing'
            when {{ any_out_of_range(
                integers=['jaws.legacy_jaw_id', 'jaws.legacy_product_id', 'jaws.reason_code'],
            ) }} then 'value_out_of_range'
        end as reason
    from jaws
    left join pointed_at on jaws.legacy_jaw_id = pointed_at.legacy_jaw_id
    left join orders on pointed_at.legacy_instruction_id = orders.legacy_instruction_id
    left join products on jaws.legacy_product_id = products.legacy_product_id
)

select
    {{ entity_key('jaws', 'legacy_jaw_id') }} as jaw_id,
    legacy_jaw_id,
    legacy_instruction_id,
    legacy_product_id,
    order_id,
    product_id,
    side,
    bond_teeth,
    extract_teeth,
    reason_code as legacy_reason,
    is_labial,
    {{ disposition('reason', excluding=['jaw_not_used']) }} as disposition,
    reason
from reasoned
