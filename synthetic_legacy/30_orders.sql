-- Orders, jaws, order events, projects and plans.
set timezone to 'UTC';

-- outcome: "clean" orders can be migrated, "lost" ones have a patient whose doctor is not a doctor, "deleted" ones are
-- deleted.
-- Only clean orders have anything hanging on them; clean_n numbers them in the order they were submitted.
create temporary table gen_order as
with sizes as (
    select
        how_many('deleted orders') as deleted,
        how_many('orders of a lost doctor') as lost,
        how_many('patients of a lost doctor') as lost_patients,
        how_many('patients') as patients,
        how_many('jaws') - how_many('jaws without an order') as jaws,
        how_many('shipped orders') as shipped,
        kept_patients() as kept_patients
),

listed as (
    select
        j,
        'deleted' as outcome,
        gen_patient.n as patient_n
    from sizes
    cross join generate_series(1, sizes.deleted) as j
    inner join gen_patient on 1 + dice(3001, j) % sizes.patients = gen_patient.n
    union all
    select
        sizes.deleted + j,
        'lost',
        gen_patient.n
    from sizes
    cross join generate_series(1, sizes.lost) as j
    inner join gen_patient on gen_patient.outcome = 'lost' and 1 + j % sizes.lost_patients = gen_patient.outcome_n
    union all
    select
        sizes.deleted + sizes.lost + j,
        'clean',
        gen_patient.n
    from sizes
    cross join generate_series(1, clean_orders()) as j
    inner join gen_patient
        on gen_patient.outcome = 'kept' and 1 + dice(3002, j) % sizes.kept_patients = gen_patient.outcome_n
),

submitted as (
    select
        listed.j,
        listed.outcome,
        gen_patient.id as patient_id,
        gen_patient.user_id as patient_user_id,
        gen_patient.doctor_user_id,
        gen_patient.office_id,
        gen_patient.suffix,
        gen_patient.joined + 4000 + scaled(
            low_dice(3003, listed.j), least(days(900), world_end() - days(10) - gen_patient.joined)
        ) as submitted
    from listed
    inner join gen_patient on listed.patient_n = gen_patient.n
),

ranked as (
    select
        *,
        row_number() over (order by submitted, j) as n,
        row_number() over (partition by patient_id order by submitted, j) as nth_of_patient,
        row_number() over (partition by outcome, office_id is null order by dice(3004, j), j) as shipping_rank,
        row_number() over (partition by outcome order by dice(3005, j), j) as jaw_rank,
        row_number() over (partition by outcome order by submitted, j) as outcome_n
    from submitted
)

select
    ranked.n,
    order_id(ranked.n) as id,
    ranked.outcome,
    ranked.outcome_n,
    case ranked.outcome when 'clean' then ranked.outcome_n end as clean_n,
    ranked.nth_of_patient,
    ranked.patient_id,
    ranked.patient_user_id,
    ranked.doctor_user_id,
    ranked.office_id,
    ranked.suffix,
    ranked.submitted,
    later(ranked.submitted + 3600, days(45), dice(3006, ranked.j)) as updated,
    case
        when ranked.outcome = 'clean' and ranked.office_id is not null and ranked.shipping_rank <= sizes.shipped then 4
        when ranked.outcome <> 'clean' and dice(3007, ranked.j) % 9 = 0 then 4
        when dice(3008, ranked.j) % 100 < 64 then 2
        when dice(3008, ranked.j) % 100 < 92 then 1
        else 0
    end as status,
    -- nine tenths of the jaws come in pairs, the others alone
    ranked.outcome = 'clean' and ranked.jaw_rank <= sizes.jaws * 9 / 20 as has_both_jaws,
    ranked.outcome = 'clean' and ranked.jaw_rank > sizes.jaws * 9 / 20
    and ranked.jaw_rank <= sizes.jaws - sizes.jaws * 9 / 20 as has_one_jaw,
    ranked.jaw_rank % 2 = 0 as is_upper
from ranked
cross join sizes;

analyze gen_order;

-- Jaws stand in the order of the orders that point at them; those no order points at lie in between.
create temporary table gen_jaw as
with sides as (
    select
        n as order_n,
        'upper' as side
    from gen_order
    where has_both_jaws or (has_one_jaw and is_upper)
    union all
    select
        n,
        'lower'
    from gen_order
    where has_both_jaws or (has_one_jaw and not is_upper)
    union all
    select
        1 + dice(3011, j) % how_many('orders'),
        'none ' || j
    from generate_series(1, how_many('jaws without an order')) as j
),

numbered as (
    select
        order_n,
        side,
        row_number() over (order by order_n, side collate "C") as n
    from sides
)

select
    n,
    n + n / 47 as id,
    order_n,
    side
from numbered;

analyze gen_jaw;

insert into dispatch_jaw (id, product_id, bond_teeth, extract_teeth, reason, labial)
select
    gen_jaw.id,
    case when dice(3021, gen_jaw.n) % 100 < 90 then gen_product.id end,
    case
        when dice(3022, gen_jaw.n) % 3 = 0 then '0000000000000000'
        else (dice(3023, gen_jaw.n) % 65536)::integer::bit(16)::varchar
    end,
    case
        when dice(3024, gen_jaw.n) % 10 > 0 then '0000000000000000'
        else (dice(3025, gen_jaw.n) & dice(3026, gen_jaw.n) & 65535)::integer::bit(16)::varchar
    end,
    case when dice(3027, gen_jaw.n) % 4 = 0 then 1 + dice(3028, gen_jaw.n) % 5 end,
    dice(3029, gen_jaw.n) % 12 > 0
from gen_jaw
inner join gen_product on 1 + low_dice(3030, gen_jaw.n) * how_many('products') / 2147483587 = gen_product.n;

insert into dispatch_instruction (
    id, patient_id, course_id, "order", "model", scanner, scanner_notes, notes, complaint, objective, conditions,
    exports, price, status, cbct, accept_extraction, comprehensive, deleted, suffix, upper_jaw_id, lower_jaw_id,
    submitted_at, updated_at
)
select
    o.id,
    o.patient_id,
    case
        when dice(3031, o.n) % 150 = 0 then null
        when dice(3032, o.n) % 60 = 0 then one_of('{3,4,7,8}', dice(3033, o.n))::integer
        when o.nth_of_patient = 1 then 1
        when dice(3034, o.n) % 5 = 0 then 3
        else 2
    end,
    case when dice(3035, o.n) % 30 > 0 then o.nth_of_patient end,
    case when dice(3036, o.n) % 3 > 0 then dice(3037, o.n) % 4 end,
    case when dice(3038, o.n) % 4 > 0 then 1 + dice(3039, o.n) % 6 end,
    case
        when dice(3040, o.n) % 20 = 0
            then phrase(
                    '{"Scan taken twice","wrong bite, see 2nd scan","スキャン再送","Lower arch incomplete"}',
                    3041, o.n, 20
                )
    end,
    case
        when dice(3043, o.n) % 3 = 0
            then phrase(
                    '{"Please start ASAP","Keep spaces for implants, tooth 12 & 22","<p>Extract 14, 24 first</p>",'
                    '"前回と同じ","n/a","","Patient travels in May; ship all stages at once","Doctor said: \"no IPR\""}',
                    3044, o.n, 25
                )
    end,
    case
        when dice(3046, o.n) % 4 > 0
            then phrase(
                    '{Crowding,"Spacing, upper front",Deep bite,Open bite,"Doesn''t like smile",叢生,Crossbite,""}',
                    3047, o.n, 40
                )
    end,
    case
        when dice(3049, o.n) % 4 > 0
            then phrase(
                    '{Align front teeth,Close spaces,"Correct bite & align",Level curve of Spee,全体矯正,"",-}',
                    3050, o.n, 40
                )
    end,
    case
        when dice(3052, o.n) % 8 = 0
            then phrase(
                    '{"Bruxism","Implant at 36","Veneers 11–21","TMJ pain < 2 years","歯周病",none}',
                    3053, o.n, 30
                )
    end,
    case
        when o.n % 4000 = 19
            then one_of(
                    '{"{\"stl\": true","undefined","{''stl'': True}","","{\"path\": \"C:\\exports\\u12\"}"}', o.n / 4000
                )
        else
            one_of(
                '{"{}","{}","{\"stl\": true}","{\"stages\": [1, 2, 3], \"by\": \"O''Grendan \\\"JR\\\"\"}",'
                '"[]","{\"名\": \"出力 😀\"}"}',
                low_dice(3055, o.n) / 357913932
            )
    end,
    case when dice(3056, o.n) % 60 = 0 then 0 when dice(3056, o.n) % 60 = 1 and o.n % 7 = 0 then 495.00 end,
    o.status,
    dice(3057, o.n) % 15 = 0,
    dice(3058, o.n) % 6 = 0,
    dice(3059, o.n) % 3 = 0,
    o.outcome = 'deleted',
    case when dice(3060, o.n) % 50 = 0 then '' else o.suffix end,
    upper_jaw.id,
    lower_jaw.id,
    case when o.status > 0 or dice(3061, o.n) % 4 > 0 then moment(o.submitted) end,
    case when o.status = 4 or dice(3062, o.n) % 200 > 0 then moment(o.updated) end
from gen_order as o
left join gen_jaw as upper_jaw on o.n = upper_jaw.order_n and upper_jaw.side = 'upper'
left join gen_jaw as lower_jaw on o.n = lower_jaw.order_n and lower_jaw.side = 'lower';

-- Order events: 11 and 12 in turn, mostly two on the same order. Far fewer than orders.
insert into dispatch_state (id, status, "on", changed_at, actor_id, instruction_id)
with drawn as (
    select
        s,
        s % 3 = 2 as is_second,
        1 + shuffled(s - case when s % 3 = 2 then 1 else 0 end, clean_orders()) as clean_n
    from generate_series(1, how_many('states')) as s
),

timed as (
    select
        drawn.s,
        drawn.is_second,
        gen_order.id as instruction_id,
        gen_order.doctor_user_id,
        later(
            gen_order.submitted + 600 + days(3) * drawn.is_second::integer, days(2), dice(3071, drawn.s)
        ) as changed
    from drawn
    inner join gen_order on drawn.clean_n = gen_order.clean_n
)

select
    row_number() over (order by timed.changed, timed.s),
    case when timed.is_second <> (dice(3072, timed.s) % 4 = 0) then 12 else 11 end,
    not timed.is_second or dice(3073, timed.s) % 3 = 0,
    moment(timed.changed),
    case when dice(3074, timed.s) % 10 > 0 then coalesce(technician.id, timed.doctor_user_id) end,
    timed.instruction_id
from timed
left join gen_user as technician
    on technician.kind = 'technician'
        and dice(3075, timed.s) % 40 + 1 = technician.k
        and timed.changed > technician.joined;

-- Projects and plans: a plan has a project, a few projects have a second plan.
create temporary table gen_project as
with drawn as (
    select
        p,
        1 + dice(3081, p) % clean_orders() as clean_n
    from generate_series(1, how_many('projects')) as p
),

timed as (
    select
        drawn.p,
        gen_order.clean_n,
        gen_order.id as instruction_id,
        later(gen_order.submitted + 3700, days(60), low_dice(3082, drawn.p)) as created
    from drawn
    inner join gen_order on drawn.clean_n = gen_order.clean_n
),

numbered as (
    select
        *,
        row_number() over (order by created, p) as n
    from timed
)

select
    n,
    n + n / 90 + 21 as id,
    clean_n,
    instruction_id,
    created
from numbered;

analyze gen_project;

insert into dispatch_project (id, uid, name, size, type, status, creator_id, created_at, "public")
select
    p.id,
    random_uuid(3091, p.n),
    case
        when dice(3096, p.n) % 3 > 0 then ''
        else soiled(
                one_of('{"Setup ","v","final-","Plan ","計画 ","Re: \"final\" "}', dice(3097, p.n)) || p.n % 9,
                dice(3098, p.n), 40
            )
    end,
    case when dice(3099, p.n) % 12 > 0 then 1000000 + low_dice(3100, p.n) * (1 + dice(3101, p.n) % 3) end,
    dice(3102, p.n) % 3,
    low_dice(3103, p.n) / 500000000,
    technician.id,
    moment(p.created),
    dice(3104, p.n) % 4 = 0
from gen_project as p
left join gen_user as technician
    on technician.kind = 'technician' and dice(3105, p.n) % 36 + 1 = technician.k and p.created > technician.joined;

create temporary table gen_plan as
with drawn as (
    select
        n as project_n,
        false as is_copy
    from gen_project
    union all
    select
        1 + shuffled(e, how_many('projects')),
        true
    from generate_series(1, how_many('plans') - how_many('projects')) as e
),

numbered as (
    select
        p.id as project_id,
        p.clean_n,
        p.instruction_id,
        p.created,
        drawn.is_copy,
        row_number() over (order by p.created, p.n, drawn.is_copy) as n,
        row_number() over (partition by p.clean_n order by p.created, p.n, drawn.is_copy) as number
    from drawn
    inner join gen_project as p on drawn.project_n = p.n
)

select
    *,
    plan_id(n) as id
from numbered;

analyze gen_plan;

insert into dispatch_plan (id, instruction_id, project_id, notes, number, name, original)
select
    id,
    instruction_id,
    project_id,
    case
        when dice(3111, n) % 6 = 0
            then phrase(
                    '{"Attachments on 13, 23","IPR 0.2 mm","Doctor asked: \"fewer stages\"","ステージ数を減らす",'
                    '"<p>Expansion only</p>",""}',
                    3112, n, 30
                )
    end,
    case when dice(3114, n) % 50 > 0 then number end,
    soiled(one_of('{"Plan ","Plan-",Option ,"プラン "}', low_dice(3115, n) / 536870912) || number, dice(3116, n), 60),
    not is_copy
from gen_plan;
