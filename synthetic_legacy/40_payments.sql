-- Payments, the card operations on them, and their items.
-- Of every payment: total_price = subtotal_price + additional_price + tax_value - used_credit, and its items' totals
-- add up to subtotal_price.
set timezone to 'UTC';

-- The payments of clean orders. r is a random rank: the first (r < charged) cost something, of those the first have
-- card operations (instalments first, then refunds). Of the others most are free. The additional price is what the
-- courier took; its cents are what makes the sum of all totals come out as planned.
create temporary table gen_payment as
with sizes as (
    select
        how_many('payments') - 3 as payments,
        how_many('charged payments') as charged,
        how_many('payments with operations') as with_operations,
        how_many('payments in instalments') as instalments,
        how_many('refunds') as refunds,
        clean_orders() as clean
),

drawn as (
    select
        p,
        shuffled(p, payments) as r,
        -- every 31st payment is a second one on the order of the one before it
        1 + shuffled(p - case when p % 31 = 0 then 1 else 0 end, clean) as clean_n
    from sizes
    cross join generate_series(1, payments) as p
),

priced as (
    select
        drawn.p,
        drawn.r,
        o.id as instruction_id,
        o.doctor_user_id,
        o.office_id,
        later(o.submitted + 60, days(30), low_dice(4001, drawn.p)) as made,
        drawn.r < sizes.charged as is_charged,
        drawn.r < sizes.with_operations as has_operations,
        drawn.r < sizes.instalments as has_instalments,
        drawn.r >= sizes.instalments and drawn.r < sizes.instalments + sizes.refunds as is_refunded,
        drawn.r < sizes.charged and dice(4002, drawn.p) % 3 = 0 as has_courier,
        case
            when drawn.r >= sizes.charged then 0
            -- refunds and instalments only of what is worth it
            when drawn.r < sizes.instalments + sizes.refunds
                then
                    one_of('{995,1295,1495,1795,1995,495}', dice(4003, drawn.p))::numeric
            else
                one_of(
                    '{95,150,195,295,395,495,595,795,995,995,1195,1295,1295,1495,1495,1595,1595,1795,1995,2295,'
                    '2495,3495}',
                    dice(4004, drawn.p)
                )::numeric
        end as subtotal,
        case
            when gen_office.is_american and dice(4005, drawn.p) % 2 = 0 then gen_office.tax_rate
            else 0
        end as tax_rate,
        case
            when drawn.r < sizes.charged and dice(4006, drawn.p) % 20 = 0 then 25 * (1 + dice(4007, drawn.p) % 3)
            else 0
        end as credit
    from drawn
    cross join sizes
    inner join gen_order as o on drawn.clean_n = o.clean_n
    left join gen_office on o.office_id = gen_office.id
),

taxed as (
    select
        *,
        round(subtotal * tax_rate / 100, 2) as tax,
        case when has_courier then one_of('{9.50,14.00,24.00,38.75}', dice(4008, p))::numeric else 0 end as courier,
        row_number() over (order by not has_courier, p) as courier_rank
    from priced
),

missing as (
    select
        count(*) filter (where has_courier) as couriers,
        coalesce(how_many('cents of payments') - 100 * sum(subtotal + tax + courier - credit), 0)::bigint as cents
    from taxed
)

select
    taxed.*,
    taxed.courier + case
        when taxed.has_courier
            then (
                missing.cents / missing.couriers
                + case when taxed.courier_rank <= missing.cents % missing.couriers then 1 else 0 end
            ) / 100.0
        else 0
    end as additional
from taxed
cross join missing;

-- Three more payments reach no order that can be migrated.
create temporary table gen_stray_payment as
select
    1 as p,
    null::bigint as instruction_id,
    user_id as doctor_user_id,
    days(900) as made
from gen_doctor
where k = 1
union all
select
    p,
    id,
    doctor_user_id,
    submitted + 90000
from (
    select
        *,
        case outcome when 'deleted' then 2 else 3 end as p
    from gen_order
    where outcome <> 'clean' and outcome_n = 1
) as strays;

-- Numbered in the order they were made.
alter table gen_payment add column id integer;

create temporary table gen_payment_id as
select
    p,
    is_stray,
    row_number() over (order by made, p, is_stray) as n
from (
    select
        p,
        made,
        false as is_stray
    from gen_payment
    union all
    select
        p,
        made,
        true
    from gen_stray_payment
) as everyone;

update gen_payment
set id = payment_id(gen_payment_id.n)
from gen_payment_id
where gen_payment.p = gen_payment_id.p and not gen_payment_id.is_stray;

analyze gen_payment;

insert into dispatch_payment (
    id, made_at, free, tax_rate, tax_value, paid_price, subtotal_price, total_price, additional_price, used_credit,
    custom_price, instruction_id, doctor_id, office_id, order_id, canceled, paid, installments, netsuite
)
with flagged as (
    select
        *,
        subtotal + additional + tax - credit as total,
        not is_charged and dice(4011, p) % 100 < 97 as is_free,
        -- a refund in full cancels; so do some who never paid, and some who had nothing to pay
        case
            when is_refunded then r % 5 = 4
            when is_charged then not has_operations and dice(4012, p) % 4 = 0
            else dice(4013, p) % 60 = 0
        end as is_canceled,
        case
            when is_charged then has_operations or dice(4014, p) % 2 = 0
            else dice(4015, p) % 3 > 0
        end as is_paid
    from gen_payment
)

select
    id,
    case when has_operations or dice(4016, p) % 25 > 0 then moment(made) end,
    is_free,
    tax_rate,
    tax,
    case when is_paid then total else 0 end,
    subtotal,
    total,
    additional,
    credit,
    case when is_charged and dice(4017, p) % 30 = 0 then subtotal when dice(4017, p) % 400 = 1 then 0 end,
    instruction_id,
    doctor_user_id,
    case when dice(4018, p) % 20 > 0 then office_id end,
    null::integer,
    is_canceled,
    is_paid,
    case
        when has_instalments
            then
                '[{"amount": "' || round(total / 3, 2) || '", "paid": true}, {"amount": "' || round(total / 3, 2)
                || '", "paid": true}, {"amount": "' || round(total - 2 * round(total / 3, 2), 2)
                || '", "paid": true, "note": "last \"one\" ✓"}]'
        when r % 2700 = 1999 % how_many('payments')
            then one_of(
                    '{"[{\"amount\": \"100.00\"}","[''100'']","[1, 2,]",none,"{\"a\": \"b\\qc\"}","[\"unclosed]"}',
                    r / 2700
                )
        when dice(4019, p) % 4 = 0 then '[]'
        else ''
    end,
    case when is_charged then not has_operations and dice(4020, p) % 2 = 0 else dice(4021, p) % 40 = 0 end
from flagged
union all
select
    payment_id(gen_payment_id.n),
    moment(stray.made),
    false,
    0,
    0,
    195.00,
    195.00,
    195.00,
    0,
    0,
    null::numeric,
    stray.instruction_id,
    stray.doctor_user_id,
    null::integer,
    null::integer,
    false,
    true,
    '',
    false
from gen_stray_payment as stray
inner join gen_payment_id on gen_payment_id.is_stray and stray.p = gen_payment_id.p;

-- Card operations. Refunds: one in five in full; the others in part, their cents making the sum come out as planned.
insert into dispatch_operation (
    id, type, made_at, price, sq_order_id, sq_payment_id, sq_refund_id, card_brand, card_bin, card_last, office_card,
    payment_id, attempts
)
with paid as (
    select
        *,
        subtotal + additional + tax - credit as total
    from gen_payment
    where has_operations
),

charges as (
    select
        paid.p,
        paid.id as payment_id,
        paid.total as payment_total,
        least(paid.made + days(30) * (part.i - 1) + 5, world_end()) as made,
        part.i,
        case
            when not paid.has_instalments then paid.total
            when part.i < 3 then round(paid.total / 3, 2)
            else paid.total - 2 * round(paid.total / 3, 2)
        end as price
    from paid
    cross join lateral generate_series(1, case when paid.has_instalments then 3 else 1 end) as part (i)
),

charged as (
    select sum(price) as price
    from charges
),

refunds as (
    select
        p,
        id as payment_id,
        later(made + 10, days(60), dice(4031, p)) as made,
        r % 5 = 4 as is_full,
        case
            when r % 5 = 4 then total
            else round(total * one_of('{0.25,0.30,0.40,0.50}', dice(4032, p))::numeric, 2)
        end as price,
        row_number() over (order by r % 5 = 4, p) as part_rank
    from paid
    where is_refunded
),

missing as (
    select
        count(*) filter (where not refunds.is_full) as parts,
        coalesce(how_many('cents of operations') - 100 * (max(charged.price) + sum(refunds.price)), 0)::bigint as cents
    from refunds
    cross join charged
),

operations as (
    select
        p,
        payment_id,
        made,
        i,
        price,
        false as is_refund
    from charges
    union all
    select
        refunds.p,
        refunds.payment_id,
        refunds.made,
        9,
        refunds.price + case
            when refunds.is_full then 0
            else (
                missing.cents / missing.parts
                + case when refunds.part_rank <= missing.cents % missing.parts then 1 else 0 end
            ) / 100.0
        end,
        true
    from refunds
    cross join missing
),

carded as (
    select
        *,
        row_number() over (order by made, p, i) as n,
        1 + dice(4033, p) % 5 as card
    from operations
)

select
    n + n / 33,
    case when is_refund then 2 when dice(4034, p) % 8 > 0 then 1 end,
    case when dice(4035, n) % 90 > 0 then moment(made) end,
    price,
    soiled(random_code(4036, p) || substr(random_code(4038, p), 1, 6), dice(4054, n), 400),
    case
        when dice(4040, n) % 60 > 0
            then soiled(random_code(4041, n) || substr(random_code(4043, n), 1, 6), dice(4055, n), 400)
    end,
    case when is_refund then soiled(random_code(4045, n) || '_' || random_code(4047, n), dice(4056, n), 20) end,
    case
        when dice(4049, p) % 25 > 0
            then soiled(
                    one_of('{VISA,VISA,MASTERCARD,AMERICAN_EXPRESS,DISCOVER}', card - 1), dice(4050, n), 300
                )
    end,
    case when dice(4049, p) % 25 > 0 then one_of('{411111,400000,555555,378282,601111}', card - 1) end,
    case when dice(4049, p) % 25 > 0 then one_of('{1111,0002,4444,0005,1117}', card - 1) end,
    dice(4051, p) % 10 = 0,
    payment_id,
    case when dice(4052, n) % 20 = 0 then 2 + (dice(4053, n) % 3)::integer else 1 end
from carded;

-- Items: one a payment, a second (a box, a rush fee) on some; the stray payments have none.
insert into dispatch_ware (
    id, payment_id, product_id, name, description, quantity, free, base_price, doctor_price, global_price,
    discount_percent, discount, discount_reason, total
)
with paid as (
    select
        *,
        shuffled(p + 17, how_many('payments') - 3) < how_many('wares') - how_many('payments') + 3 as has_second_item
    from gen_payment
),

items as (
    select
        *,
        1 as item,
        subtotal - case when has_second_item and is_charged then 45 else 0 end as total
    from paid
    union all
    select
        *,
        2,
        case when is_charged then 45 else 0 end
    from paid
    where has_second_item
),

numbered as (
    select
        *,
        row_number() over (order by id, item) as n,
        -- percent off the base price; free items are 100 percent off
        case
            when not is_charged then 100
            when item = 1 and dice(4061, p) % 5 = 0 then 10 * (1 + dice(4062, p) % 3)
            else 0
        end as percent_off
    from items
),

based as (
    select
        *,
        case
            when percent_off = 100 then one_of('{95,495,995,1495}', dice(4063, n))::numeric
            else round(total * 100 / (100 - percent_off), 2)
        end as base
    from numbered
)

select
    based.n,
    based.id,
    case when dice(4064, based.n) % 12 > 0 then gen_product.id end,
    soiled(
        case based.item
            when 2 then one_of('{Shipping box,Rush fee,"Extra retainer, upper"}', dice(4065, based.n))
            else
                one_of(
                    '{Aligner Full,Aligner Lite,Refinement,Retainer set,"Replacement \"lost\" stage",リテーナー}',
                    dice(4066, based.n)
                )
        end,
        dice(4067, based.n), 120
    ),
    case
        when dice(4068, based.n) % 5 = 0
            then phrase(
                    '{"Stages 1–10","both jaws, 20 stages","<ul><li>upper</li></ul>","",下顎のみ}',
                    4069, based.n, 30
                )
    end,
    1,
    not based.is_charged,
    case when dice(4071, based.n) % 100 > 0 then based.base end,
    case when dice(4072, based.n) % 3 = 0 then based.base - based.base * based.percent_off / 100 end,
    case when dice(4073, based.n) % 4 > 0 then based.base end,
    case when based.percent_off > 0 or dice(4074, based.n) % 2 = 0 then based.percent_off end,
    case when based.percent_off > 0 or dice(4074, based.n) % 2 = 0 then based.base - based.total end,
    case
        when based.percent_off > 0
            then phrase(
                    '{"Loyal doctor",Warranty,"Free refinement","Doctor''s tier",""}',
                    4075, based.n, 60
                )
    end,
    based.total
from based
inner join gen_product on 1 + low_dice(4077, based.n) * how_many('products') / 2147483587 = gen_product.n;
