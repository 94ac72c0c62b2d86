with

-- From the source itself: a value that staging changed would be changed on both sides of the comparison.
legacy_operations as (
    select * from {{ source('dispatch', 'dispatch_operation') }}
),

legacy_items as (
    select * from {{ source('dispatch', 'dispatch_ware') }}
),

operation_types as (
    select * from {{ ref('payment_operation_types') }}
),

payments as (
    select * from {{ ref('payments') }}
),

mart_items as (
    select * from {{ ref('payment_items') }}
),

items_left_out as (
    select * from {{ ref('int_payment_items__triaged') }}
    where disposition <> 'migrated'
),

-- An item has neither a date nor a status: it gets those of its payment, or null when the payment is not in the mart.
stacked as (
    select
        'payments' as entity,
        'legacy' as side,
        case
            when canceled then 'cancelled'
            when paid or free then 'completed'
            else 'pending'
        end as kind,
        {{ legacy_time('made_at') }} as made_at,
        {{ nan_to_null('total_price') }} as amount
    from {{ source('dispatch', 'dispatch_payment') }}
    union all
    select
        'payment_operations' as entity,
        'legacy' as side,
        case
            when legacy_operations.type is null then 'payment'
            else coalesce(operation_types.operation_type, 'unmapped')
        end as kind,
        {{ legacy_time('legacy_operations.made_at') }} as made_at,
        {{ nan_to_null('legacy_operations.price') }} as amount
    from legacy_operations
    left join operation_types on legacy_operations.type = operation_types.type_code
    {%- for entity, kind in {'payments': 'status', 'payment_operations': 'operation_type'}.items() %}
    union all
    select
        '{{ entity }}' as entity,
        'mart' as side,
        {{ kind }} as kind,
        made_at,
        amount
    from {{ ref(entity) }}
    union all
    select
        '{{ entity }}' as entity,
        'left_out' as side,
        {{ kind }} as kind,
        made_at,
        {{ nan_to_null('amount') }} as amount
    from {{ ref('int_' ~ entity ~ '__triaged') }}
    where disposition <> 'migrated'
    {%- endfor %}
    union all
    select
        'payment_items' as entity,
        'legacy' as side,
        payments.status as kind,
        payments.made_at,
        {{ nan_to_null('legacy_items.' ~ adapter.quote('total')) }} as amount
    from legacy_items
    left join payments on legacy_items.payment_id = payments.legacy_payment_id
    {%- for side, items in {'mart': 'mart_items', 'left_out': 'items_left_out'}.items() %}
    union all
    select
        'payment_items' as entity,
        '{{ side }}' as side,
        payments.status as kind,
        payments.made_at,
        {{ nan_to_null(items ~ '.total_amount') }} as amount
    from {{ items }}
    left join payments on {{ items }}.payment_id = payments.payment_id
    {%- endfor %}
    union all
    select
        'payments' as entity,
        'over_refunded' as side,
        status as kind,
        made_at,
        refunded_amount - paid_amount as amount
    from payments
    where refunded_amount > paid_amount
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
    cast(
        coalesce(sum(case side when 'legacy' then amount when 'mart' then -amount when 'left_out' then -amount end), 0)
        as numeric(38, 2)
    ) as unexplained_difference,
    cast(coalesce(sum(case when side = 'over_refunded' then amount end), 0) as numeric(38, 2)) as over_refunded_amount
from stacked
group by 1, 2, 3
