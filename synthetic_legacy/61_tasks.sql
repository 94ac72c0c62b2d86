-- Tasks: two in five on a plan, one in twelve on a file, most of the rest on an order alone, a few on nothing.
set timezone to 'UTC';

insert into dispatch_task (
    id, checked, template_id, done_at, "text", instruction_id, plan_id, order_id, actor_id, jaw, file_id
)
with sizes as (
    select
        how_many('tasks') as tasks,
        how_many('tasks without an order') as homeless,
        how_many('files') as files,
        how_many('plans') as plans,
        how_many('templates') as templates,
        how_many('technicians') as technicians,
        clean_orders() as orders
),

drawn as (
    select
        t,
        dice(6101, t) as a,
        dice(6102, t) as b,
        low_dice(6103, t) as c,
        case
            when shuffled(t, tasks) < homeless then 'nothing'
            when dice(6101, t) % 12 = 0 then 'file'
            when dice(6101, t) % 12 < 6 then 'plan'
            else 'order'
        end as hangs_on
    from sizes
    cross join generate_series(1, tasks::bigint) as t
    offset 0 -- an optimization fence: without it the planner computes every draw again wherever it is used
),

-- Tasks follow the course of time, as orders, plans and files do. Every second file has an order.
aimed as (
    select
        drawn.*,
        1 + drawn.b % sizes.templates as template_n,
        1 + drawn.c * sizes.technicians / 2147483587 as technician_k,
        case when drawn.hangs_on = 'plan' then 1 + drawn.t * (sizes.plans - 1) / sizes.tasks end as plan_n,
        case when drawn.hangs_on = 'order' then 1 + drawn.t * (sizes.orders - 1) / sizes.tasks end as clean_n,
        case
            when drawn.hangs_on = 'file' then file_id(2 + drawn.t * (sizes.files - 2) / sizes.tasks / 2 * 2)
        end as file_id
    from drawn
    cross join sizes
    offset 0
),

resolved as (
    select
        aimed.*,
        p.id as plan_id,
        coalesce(o.id, p.instruction_id, f.instruction_id) as instruction_id,
        -- when there was something to do
        coalesce(
            moment(o.submitted), moment(p.created), f.created_at, moment(aimed.t * days(2700) / how_many('tasks'))
        ) as since
    from aimed
    left join gen_plan as p on aimed.plan_n = p.n
    left join gen_order as o on aimed.clean_n = o.clean_n
    left join dispatch_file as f on aimed.file_id = f.id
)

select
    resolved.t + resolved.t / 100 + 70,
    resolved.a % 100 < 81,
    gen_template.id,
    case
        -- a few are checked without a time, a few have a time and are not checked
        when resolved.a % 100 between 1 and 85
            then least(resolved.since + resolved.c / 400 * interval '1 second', moment(world_end()))
    end,
    case
        when resolved.b % 14 = 0
            then one_of(
                    E'{"Left side again","see photo #2","ok","Doctor said \\"later\\"","再作業","  trim more  ",'
                    '"<i>urgent</i>","line one\nline two","😀 done","I can''t open the file","","\u200Fشكرا\u200F"}',
                    resolved.b / 14
                )
    end,
    resolved.instruction_id,
    resolved.plan_id,
    null::integer,
    technician.id,
    case when resolved.b % 5 < 3 then 1 + resolved.b % 3 end,
    resolved.file_id
from resolved
inner join gen_template on resolved.template_n = gen_template.n
left join gen_user as technician
    on technician.kind = 'technician'
        and resolved.technician_k = technician.k
        and resolved.since > moment(technician.joined);
