-- Courses, products, categories, task templates and what hangs on them.
set timezone to 'UTC';

-- id and type differ for Replacement and Any: a join of one to the other mixes them up.
insert into dispatch_course (id, name, type, customization) values
(1, 'Main', 1, '{"stages": [10, 20, 30]}'),
(2, 'Refinement', 2, '{"stages": [5], "note": "after \"Main\" 😀"}'),
(3, 'Replacement', 4, '{}'),
(4, 'Any', 3, null),
(7, 'Invoice', 5, ''),
(8, 'Merchandise', 6, '{"sizes": ["S", "M",]}');

-- The first ten products are the catalogue; the others are deleted, or of course 4 or 8, or both.
insert into dispatch_product (id, name, description, free, deleted, customization, type, substitute, course_id)
select
    n + n / 4,
    case when n = 13 then null else soiled(
                one_of(
                    '{Aligner,Aligner Lite,Retainer,Night Guard,Indirect Bonding Tray,Bracket Set,Sample Box,リテーナー}',
                    n
                )
                || one_of('{""," Full"," Upper"," Lower"," - 10 stages"," - 20 stages"}', dice(2001, n)),
                dice(2002, n), 8
            )
    end,
    case
        when n % 4 > 0
            then phrase(
                    '{"Clear, heat-formed sheet","<p>Set of two</p>","For ages 7–12","Don''t bend",""}',
                    2003, n, 6
                )
    end,
    dice(2005, n) % 6 = 0,
    n > 10 and n % 3 < 2,
    case n % 7
        when 0 then '{"colour": "clear", "label": "\"A\" 😀"}'
        when 1 then null
        when 2 then ''
        when 3 then '{colour: clear}'
        else '{}'
    end,
    case when n % 9 > 0 then n % 5 end,
    dice(2006, n) % 5 = 0,
    case
        when n > 10 and n % 3 > 0 then one_of('{4,8}', n / 3)::integer
        else one_of('{1,2,3,7,1,2}', n)::integer
    end
from generate_series(1, how_many('products')) as n;

create temporary table gen_product as
select
    id,
    row_number() over (order by id) as n
from dispatch_product;

-- A tree: the first six are roots, the parent of any other has a smaller id.
insert into dispatch_category (id, name, parent_id)
select
    n,
    soiled(
        one_of('{Scanning,Sectioning,Designing,Approval,Printing,Laser,Packing,Shipping,Billing,検査}', n)
        || case when n > 10 then ' ' || n / 10 else '' end,
        dice(2011, n), 8
    ),
    case when n > 6 then 1 + dice(2012, n) % (n - 1) end
from generate_series(1, how_many('categories')) as n;

insert into dispatch_template (
    id, task_name, action_name, text_name, "function", predefined, read_only, status, duration, category_id, extensions,
    alerts, separate
)
select
    n + n / 6,
    case
        when n % 37 > 0
            then soiled(
                    one_of('{Check,Section,Trim,Design,Print,Clean,Laser-mark,Pack,Ship,Call the doctor about,確認}', n)
                    || one_of('{" scan"," upper jaw"," lower jaw"," model"," box"," plan \"2\""}', dice(2021, n)),
                    dice(2022, n), 10
                )
    end,
    case
        when dice(2023, n) % 5 > 0
            then phrase(
                    '{Done,Approve,Upload,Send back,Finish}',
                    2024, n, 12
                )
    end,
    case
        when dice(2026, n) % 3 = 0
            then phrase(
                    '{Comment,Reason,"Tracking, if any",備考}',
                    2027, n, 6
                )
    end,
    case when dice(2029, n) % 4 > 0 then dice(2030, n) % 9 end,
    dice(2031, n) % 3 = 0,
    dice(2032, n) % 8 = 0,
    case when dice(2033, n) % 3 > 0 then one_of('{0,1,2,4}', dice(2034, n))::integer end,
    case when dice(2035, n) % 5 > 0 then 5 * (1 + dice(2036, n) % 48) end,
    case when n % 11 > 0 then 1 + dice(2037, n) % how_many('categories') end,
    one_of('{"",".stl",".stl,.obj",".pdf","*.JPG; *.png ",null}', dice(2038, n)),
    case when dice(2039, n) % 4 > 0 then dice(2040, n) % 4 end,
    dice(2041, n) % 6 = 0
from generate_series(1, how_many('templates')) as n;

create temporary table gen_template as
select
    id,
    row_number() over (order by id) as n
from dispatch_template;

-- Distinct pairs, as for the permissions: numbers 0 … templates * others - 1, permuted.
insert into dispatch_template_products (id, template_id, product_id)
with sizes as (
    select
        how_many('templates') as templates,
        how_many('products') as products,
        how_many('template products in the catalogue') as inside,
        how_many('template products outside the catalogue') as outside
),

pairs as (
    select
        n,
        shuffled(n, templates * 10) / 10 as template_index,
        shuffled(n, templates * 10) % 10 as product_index
    from sizes
    cross join generate_series(1, inside) as n
    union all
    select
        inside + n,
        shuffled(n, templates * (products - 10)) / (products - 10),
        10 + shuffled(n, templates * (products - 10)) % (products - 10)
    from sizes
    cross join generate_series(1, outside) as n
)

select
    row_number() over (order by dice(2051, pairs.n), pairs.n),
    gen_template.id,
    gen_product.id
from pairs
inner join gen_template on pairs.template_index + 1 = gen_template.n
inner join gen_product on pairs.product_index + 1 = gen_product.n;

-- Every template but the first waits for one a little before it, some for a second one further back: no cycles.
insert into dispatch_template_predecessors (id, from_template_id, to_template_id)
with waits as (
    select
        n,
        n + 1 as later_n,
        greatest(1, n - dice(2061, n) % 3) as earlier_n
    from generate_series(1, how_many('templates') - 1) as n
    union all
    select
        how_many('templates') - 1 + n,
        7 + 2 * n,
        7 + 2 * n - 4 - dice(2062, n) % 3
    from generate_series(1, how_many('template predecessors') - how_many('templates') + 1) as n
)

select
    waits.n,
    waiting.id,
    awaited.id
from waits
inner join gen_template as waiting on waits.later_n = waiting.n
inner join gen_template as awaited on waits.earlier_n = awaited.n;

insert into dispatch_template_view_groups (id, template_id, group_id)
select
    pair.n,
    gen_template.id,
    one_of('{2,5,6,11}', pair.drawn % 4)::integer
from (
    select
        n,
        shuffled(n, how_many('templates') * 4) as drawn
    from generate_series(1, how_many('template view groups')) as n
) as pair
inner join gen_template on pair.drawn / 4 + 1 = gen_template.n;

insert into dispatch_template_view_roles (id, template_id, role_id)
select
    pair.n,
    gen_template.id,
    pair.drawn % pair.roles + 1
from (
    select
        n,
        how_many('roles') as roles,
        shuffled(n, how_many('templates') * how_many('roles')) as drawn
    from generate_series(1, how_many('template view roles')) as n
) as pair
inner join gen_template on pair.drawn / pair.roles + 1 = gen_template.n;

insert into dispatch_template_edit_roles (id, template_id, role_id)
select
    pair.n,
    gen_template.id,
    pair.drawn % pair.roles + 1
from (
    select
        n,
        how_many('roles') as roles,
        shuffled(n + 7, how_many('templates') * how_many('roles')) as drawn
    from generate_series(1, how_many('template edit roles')) as n
) as pair
inner join gen_template on pair.drawn / pair.roles + 1 = gen_template.n;

insert into dispatch_storage (id, name, address, port, disk_free, disk_total) values
(1, 'files "main" ', 'files.internal.example.com', 8443, 1843201234944, 7999376588800);
