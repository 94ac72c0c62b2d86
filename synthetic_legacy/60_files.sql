-- Files: every second one belongs to an order, of the others two in five to a message.
set timezone to 'UTC';

create temporary table gen_kept_record as
select
    kept_n,
    record_id(n) as id,
    created
from gen_record
where kept_n is not null;

analyze gen_kept_record;

insert into dispatch_file (
    id, uid, name, ext, size, type, instruction_id, created_at, product_id, parameters, record_id, status
)
with sizes as (
    select
        how_many('files') as files,
        clean_orders() as orders,
        max(kept_n) as records
    from gen_kept_record
),

drawn as (
    select
        f,
        -- files follow the course of time, as orders and messages do
        case when f % 2 = 0 then 1 + f * (orders - 1) / files end as clean_n,
        case when f % 10 in (1, 3) then 1 + f * (records - 1) / files end as kept_n,
        f * world_end() / files as stray_moment,
        dice(6001, f) as a,
        dice(6002, f) as b
    from sizes
    cross join generate_series(1, files::bigint) as f
    offset 0 -- an optimization fence: without it the planner computes every draw again wherever it is used
)

select
    file_id(drawn.f),
    random_uuid(6003, drawn.f),
    case
        when drawn.a % 30 = 0 then null
        when drawn.a % 30 = 1 then ''
        else
            one_of(
                '{scan_upper_,scan_lower_,photo-,"stage ",IMG_,"O''Grendan \"final\" ",レントゲン_,export}',
                drawn.a / 30
            )
            || drawn.f % 1000
            || one_of(
                E'{"  "," 😀"," (1)","<b>x</b>"," \n2","","","","","","","","","","","","","","",""}',
                drawn.a / 240
            )
    end,
    case
        when drawn.b % 25 > 0
            then one_of('{.stl,.stl,.stl,.jpg,.JPG,.png,.pdf,.stl.stl,.obj,.zip,.dcm,"",".stl "}', drawn.b / 25)
    end,
    case when drawn.b % 4000 = 3999 then 3221225472 else 0 end + 1024 + dice(6007, drawn.f) * (drawn.b % 7) / 40,
    drawn.b / 300 % 6,
    o.id,
    moment(
        case
            when drawn.clean_n is not null then later(o.submitted + 30, days(60), drawn.a)
            when drawn.kept_n is not null then later(r.created + 5, 600, drawn.a)
            else drawn.stray_moment
        end
    ),
    null::integer,
    case drawn.a / 5000 % 6
        when 0 then '{"units": "mm", "arch": "upper", "vertices": ' || drawn.b % 90000 || '}'
        when 1 then '{}'
        when 2 then ''
        when 3 then '{"camera": "\"front\" 😀", "rotate": 90}'
    end,
    r.id,
    case when drawn.a % 9 > 0 then drawn.a % 3 end
from drawn
left join gen_order as o on drawn.clean_n = o.clean_n
left join gen_kept_record as r on drawn.kept_n = r.kept_n;
