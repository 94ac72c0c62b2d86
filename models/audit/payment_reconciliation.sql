with

-- From the source itself: a value that staging changed would be changed on both sides of the comparison.
legacy as (
    select
        case
            when canceled then 'cancelled'
            when paid or free then 'completed'
            else 'pending'
        end as status,
        {{ plausible_month('made_at') }} as month,
        count(*) as legacy_rows,
        coalesce(sum({{ nan_to_null('total_price') }}), 0) as legacy_amount
    from {{ source('dispatch', 'dispatch_payment') }}
    group by 1, 2
),

mart as (
    select
        status,
        {{ plausible_month('made_at') }} as month,
        count(*) as mart_rows,
        sum(amount) as mart_amount
    from {{ ref('payments') }}
    group by 1, 2
),

left_out as (
    select
        status,
        {{ plausible_month('made_at') }} as month,
        count(*) as left_out_rows,
        coalesce(sum({{ nan_to_null('amount') }}), 0) as left_out_amount
    from {{ ref('int_payments__triaged') }}
    where disposition <> 'migrated'
    group by 1, 2
),

-- Stacked and not joined: the month may be null, and a status or month may be missing on any side.
stacked as (
    select
        status,
        month,
        legacy_rows,
        legacy_amount,
        0 as mart_rows,
        0 as mart_amount,
        0 as left_out_rows,
        0 as left_out_amount
    from legacy
    union all
    select
        status,
        month,
        0 as legacy_rows,
        0 as legacy_amount,
        mart_rows,
        mart_amount,
        0 as left_out_rows,
        0 as left_out_amount
    from mart
    union all
    select
        status,
        month,
        0 as legacy_rows,
        0 as legacy_amount,
        0 as mart_rows,
        0 as mart_amount,
        left_out_rows,
        left_out_amount
    from left_out
),

totals as (
    select
        status,
        month,
        cast(sum(legacy_rows) as bigint) as legacy_rows,
        cast(sum(mart_rows) as bigint) as mart_rows,
        cast(sum(left_out_rows) as bigint) as left_out_rows,
        cast(sum(legacy_amount) as numeric(38, 2)) as legacy_amount,
        cast(sum(mart_amount) as numeric(38, 2)) as mart_amount,
        cast(sum(left_out_amount) as numeric(38, 2)) as left_out_amount
    from stacked
    group by 1, 2
)

select
    status,
    month,
    legacy_rows,
    mart_rows,
    left_out_rows,
    legacy_amount,
    mart_amount,
    left_out_amount,
    cast(legacy_amount - mart_amount as numeric(38, 2)) as difference,
    cast(legacy_amount - mart_amount - left_out_amount as numeric(38, 2)) as unexplained_difference
from totals
