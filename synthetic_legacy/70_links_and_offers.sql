-- Permissions of single users, what hangs on messages and products, offers and discounts.
set timezone to 'UTC';

-- Distinct pairs, as for the groups. Patients have none.
insert into auth_user_user_permissions (id, user_id, permission_id)
with holders as (
    select
        id,
        row_number() over (order by n) as h
    from gen_user
    where kind in ('staff', 'technician')
),

sizes as (
    select
        how_many('staff') + how_many('technicians') as holders,
        count(*) as permissions
    from gen_permission
),

pairs as (
    select
        n,
        permissions,
        shuffled(n, holders * permissions) as drawn
    from sizes
    cross join generate_series(1, how_many('user permissions')) as n
)

select
    pairs.n + pairs.n / 5,
    holders.id,
    gen_permission.id
from pairs
inner join holders on pairs.drawn / pairs.permissions + 1 = holders.h
inner join gen_permission on pairs.drawn % pairs.permissions + 1 = gen_permission.n;

-- Messages, numbered m among those that are migrated, and among those that are rejected.
create temporary table gen_linked_record as
select
    record_id(n) as id,
    kept_n is null as is_rejected,
    row_number() over (partition by kept_n is null order by n) as m
from gen_record;

analyze gen_linked_record;

-- Two attachments a message. The files are the first ones, which both larger scales have.
insert into dispatch_record_attachments (id, record_id, file_id)
with sizes as (
    select
        is_rejected,
        count(*) as records,
        case
            when is_rejected then how_many('attachments of rejected messages') else how_many('message attachments')
        end as links
    from gen_linked_record
    group by is_rejected
),

drawn as (
    select
        sizes.is_rejected,
        n,
        1 + shuffled((n + 1) / 2, sizes.records) as m
    from sizes
    cross join lateral generate_series(1, sizes.links) as n
),

numbered as (
    select
        row_number() over (order by dice(7011, drawn.n), drawn.is_rejected, drawn.n) as n,
        gen_linked_record.id as record_id,
        file_id(
            1 + (dice(7012, (drawn.n + 1) / 2) + drawn.n % 2)
            % least(how_many('files'), 2948)
        ) as file_id
    from drawn
    inner join gen_linked_record
        on drawn.is_rejected = gen_linked_record.is_rejected and drawn.m = gen_linked_record.m
)

select
    n + n / 30 + 2,
    record_id,
    file_id
from numbered;

-- One role a message.
insert into dispatch_record_roles (id, record_id, role_id)
with sizes as (
    select
        is_rejected,
        count(*) as records,
        case
            when is_rejected then how_many('roles of rejected messages') else how_many('message roles')
        end as links
    from gen_linked_record
    group by is_rejected
),

drawn as (
    select
        sizes.is_rejected,
        n,
        1 + shuffled(n + 5000, sizes.records) as m
    from sizes
    cross join lateral generate_series(1, sizes.links) as n
),

numbered as (
    select
        row_number() over (order by dice(7021, drawn.n), drawn.is_rejected, drawn.n) as n,
        gen_linked_record.id as record_id,
        1 + dice(7022, drawn.n) % how_many('roles') as role_id
    from drawn
    inner join gen_linked_record
        on drawn.is_rejected = gen_linked_record.is_rejected and drawn.m = gen_linked_record.m
)

select
    n + n / 25 + 5,
    record_id,
    role_id
from numbered;

-- The first ten products are the catalogue.
insert into dispatch_product_roles (id, product_id, role_id)
with sizes as (
    select
        how_many('roles') as roles,
        how_many('products') - 10 as others,
        how_many('product roles in the catalogue') as inside,
        how_many('product roles outside the catalogue') as outside
),

pairs as (
    select
        n,
        roles,
        shuffled(n, 10 * roles) as drawn
    from sizes
    cross join generate_series(1, inside) as n
    union all
    select
        inside + n,
        roles,
        10 * roles + shuffled(n, others * roles)
    from sizes
    cross join generate_series(1, outside) as n
)

select
    row_number() over (order by dice(7031, pairs.n), pairs.n),
    gen_product.id,
    pairs.drawn % pairs.roles + 1
from pairs
inner join gen_product on pairs.drawn / pairs.roles + 1 = gen_product.n;

-- Inside the catalogue each product is succeeded by the next one; a product outside it by one of the catalogue, or it
-- succeeds another one that is outside.
insert into dispatch_product_successors (id, from_product_id, to_product_id)
with pairs as (
    select
        n,
        n as from_n,
        n + 1 as to_n
    from generate_series(1, how_many('product successors in the catalogue')) as n
    union all
    select
        how_many('product successors in the catalogue') + n,
        10 + n,
        case when n % 3 = 0 then 9 + n else 1 + n % 10 end
    from generate_series(1, how_many('product successors outside the catalogue')) as n
)

select
    row_number() over (order by dice(7041, pairs.n), pairs.n),
    predecessor.id,
    successor.id
from pairs
inner join gen_product as predecessor on pairs.from_n = predecessor.n
inner join gen_product as successor on pairs.to_n = successor.n;

-- Offers: those of a lost doctor and those outside the catalogue are rejected. Every pair of doctor and product is
-- drawn once.
create temporary table gen_offer as
with sizes as (
    select
        how_many('offers') as offers,
        how_many('offers of a lost doctor') as lost,
        how_many('offers of a lost doctor') + how_many('offers outside the catalogue') as rejected,
        how_many('offers of a lost doctor') + how_many('offers outside the catalogue')
        + how_many('offers without a doctor') as beyond_doctorless,
        how_many('offers of a lost doctor') + how_many('offers outside the catalogue')
        + how_many('offers without a doctor') + how_many('offers without a product') as beyond_productless,
        how_many('doctors') as doctors,
        how_many('products') - 10 as others
),

drawn as (
    select
        n,
        n <= rejected as is_rejected,
        case
            when n <= lost then 'lost doctor'
            when n <= rejected then 'outside'
            when n <= beyond_doctorless then 'no doctor'
            when n <= beyond_productless then 'no product'
            else 'plain'
        end as kind,
        case
            when n > lost and n <= rejected then shuffled(n, doctors * others) / others
            else shuffled(n, doctors * 10) / 10
        end as doctor_index,
        case
            when n > lost and n <= rejected then 10 + shuffled(n, doctors * others) % others
            else shuffled(n, doctors * 10) % 10
        end as product_index
    from sizes
    cross join generate_series(1, offers) as n
),

numbered as (
    select
        drawn.*,
        row_number() over (order by dice(7051, drawn.n), drawn.n) as place,
        row_number() over (partition by drawn.is_rejected order by dice(7051, drawn.n), drawn.n) as r
    from drawn
)

select
    numbered.place,
    numbered.place + numbered.place / 9 + 20 as id,
    numbered.is_rejected,
    numbered.r,
    case numbered.kind
        when 'lost doctor' then gen_lost_doctor.user_id
        when 'no doctor' then null
        else gen_doctor.user_id
    end as doctor_id,
    case when numbered.kind <> 'no product' then gen_product.id end as product_id
from numbered
inner join gen_doctor on numbered.doctor_index + 1 = gen_doctor.k
inner join gen_product on numbered.product_index + 1 = gen_product.n
left join gen_lost_doctor on (numbered.n - 1) % how_many('lost doctors') + 1 = gen_lost_doctor.i;

insert into dispatch_offer (id, doctor_id, product_id, price_both, price_upper, price_lower)
select
    id,
    doctor_id,
    product_id,
    case when place % 17 > 0 then 100 + 5 * (dice(7052, place) % 280) + one_of('{0,0.5,0.99}', place)::numeric end,
    case when place % 4 > 0 then 60 + 5 * (dice(7053, place) % 160) end,
    case when place % 4 > 0 then 60 + 5 * (dice(7053, place) % 160) - place % 2 * 10 end
from gen_offer;

-- Discounts of 13 to 100 percent; an offer may have several.
insert into dispatch_discount (id, offer_id, percent, reason, count, "total", used, start, finish)
with drawn as (
    select
        n,
        n <= how_many('discounts of rejected offers') as is_rejected,
        dice(7061, n) as a,
        date '2019-02-01' + (dice(7062, n) % 2200)::integer as first_day
    from generate_series(1, how_many('discounts')) as n
)

select
    drawn.n + drawn.n / 12 + 6,
    gen_offer.id,
    case drawn.n
        when how_many('discounts') then 13
        when how_many('discounts') - 1 then 100
        else one_of('{15,20,25,30,33,50,75}', drawn.a)::integer
    end,
    case
        when drawn.n % 6 > 0
            then phrase(
                    '{"Volume, agreed with Dr. Abernale","Trade fair 2023","Late box, sorry","<p>New office</p>",'
                    '"紹介割引","Mary-Jane asked \"one last time\"","Family of staff"," "}', 7063, drawn.n, 7
                )
    end,
    case when drawn.n % 5 > 0 then 1 + dice(7064, drawn.n) % 20 end,
    case when drawn.n % 3 = 0 then 5 * (dice(7065, drawn.n) % 30) end,
    case when drawn.n % 5 > 0 then dice(7066, drawn.n) % 12 end,
    case when drawn.n % 8 > 0 then drawn.first_day end,
    case when drawn.n % 4 > 0 then drawn.first_day + 30 * (1 + dice(7067, drawn.n) % 24)::integer end
from drawn
inner join gen_offer
    on drawn.is_rejected = gen_offer.is_rejected
        and 1 + drawn.a % case
            when drawn.is_rejected then how_many('offers of a lost doctor') + how_many('offers outside the catalogue')
            else
                how_many('offers') - how_many('offers of a lost doctor') - how_many('offers outside the catalogue')
        end = gen_offer.r;
