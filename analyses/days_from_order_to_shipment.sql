with shipped as (
    select
        cast(extract(year from shipped_at at time zone 'UTC') as integer) as ship_year,
        cast(shipped_at at time zone 'UTC' as date) - cast(submitted_at at time zone 'UTC' as date) as taken_days
    from {{ analytics('orders') }}
    where status = 'shipped'
)

select
    ship_year,
    count(*) as shipped_orders,
    count(taken_days) as with_both_dates,
    round(avg(taken_days), 1) as mean_days,
    percentile_disc(0.5) within group (order by taken_days) as median_days,
    percentile_disc(0.9) within group (order by taken_days) as p90_days
from shipped
group by ship_year
order by ship_year desc nulls first
