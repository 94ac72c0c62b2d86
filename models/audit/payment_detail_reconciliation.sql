with

operation_types as (
    select * from {{ ref('payment_operation_types') }}
),

payments as (
    select * from {{ ref('payments') }}
),

legacy_operations as (
    -- Both from the source itself: what staging changed would be changed on both sides of the comparison.
    select * from {{ source('dispatch', 'dispatch_operation') }}
),

legacy_items as (
    select * from {{ source('dispatch', 'dispatch_ware') }}
),

mart_items as (
    select * from {{ ref('payment_items') }}
),

triaged_items as (
    select * from {{ ref('int_payment_items__triaged') }}
),

operations as (
    select
        'legacy' as side,
        case
            when legacy_operations.type is null then 'payment'
            else coalesce(operation_types.operation_type, 'unmapped')
        end as kind,
        legacy_operations.made_at,
        {{ nan_to_null('legacy_operations.price') }} as amount
    from legacy_operations
    left join operation_types on legacy_operations.type = operation_types.type_code
    union all
    select
        'mart' as side,
        operation_type as kind,
        made_at,
        amount
    from {{ ref('payment_operations') }}
    union all
    select
        'left_out' as side,
        operation_type as kind,
        made_at,
        {{ nan_to_null('amount') }} as amount
    from {{ ref('int_payment_operations__triaged') }}
    where disposition <> 'migrated'
),

-- An item has neither a date nor a status; it takes those of its payment, none where the payment is not in the mart.
items as (
    select
        'legacy' as side,
        payments.status as kind,
        payments.made_at,
        {{ nan_to_null('legacy_items."total"') }} as amount
    from legacy_items
    left join payments on legacy_items.payment_id = payments.legacy_payment_id
    union all
    select
        'mart' as side,
        payments.status as kind,
        payments.made_at,
        mart_items.total_amount as amount
    from mart_items
    left join payments on mart_items.payment_id = payments.payment_id
    union all
    select
        'left_out' as side,
        payments.status as kind,
        payments.made_at,
        {{ nan_to_null('triaged_items.total_amount') }} as amount
    from triaged_items
    left join payments on triaged_items.payment_id = payments.payment_id
    where triaged_items.disposition <> 'migrated'
),

stacked as (
    select
        'payment_operations' as entity,
        *
    from operations
    union all
    select
        'payment_items' as entity,
        *
    from items
)

select
    entity,
    kind,
    {{ plausible_month('made_at') }} as month,
    count(case when side = 'legacy' then 1 end) as legacy_rows,
    count(case when side = 'mart' then 1 end) as mart_rows,
    count(case when side = 'left_out' then 1 end) as left_out_rows,
    cast(coalesce(sum(case when side = 'legacy' then amount end), 0) as numeric(38, 2)) as legacy_amount,
    cast(coalesce(sum(case when side = 'mart' then amount end), 0) as numeric(38, 2)) as mart_amount,
    cast(coalesce(sum(case when side = 'left_out' then amount end), 0) as numeric(38, 2)) as left_out_amount,
    cast(coalesce(sum(case side when 'legacy' then amount else -amount end), 0) as numeric(38, 2))
        as unexplained_difference
from stacked
group by 1, 2, 3
