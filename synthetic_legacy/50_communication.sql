-- Messages, comments on plans, notes about doctors.
set timezone to 'UTC';

-- Messages, by kind. about: the model of the target, null where it is missing or unsupported.
create temporary table gen_record as
with kinds as (
    select
        kind,
        type,
        how_many(what) as rows_of_kind
    from (
        values
        (1, 3, 'general records'), (2, 5, 'clinical records'), (3, 6, 'patient records'), (4, 8, 'status records'),
        (5, null, 'records without a type')
    ) as listed (kind, type, what)
),

drawn as (
    select
        kinds.kind,
        kinds.type,
        j,
        kinds.kind * 100000 + j as x,
        case
            when kinds.kind = 5 then 'nothing'
            -- the first of the general ones and the last of those on a status
            when kinds.kind = 1 and j <= how_many('records about something else') / 2 then 'something else'
            when kinds.kind = 4 and j <= (how_many('records about something else') + 1) / 2 then 'something else'
            when kinds.kind in (1, 4) and dice(5001, kinds.kind * 100000 + j) % 3 = 0 then 'user'
            else 'patient'
        end as about
    from kinds
    cross join lateral generate_series(1, kinds.rows_of_kind) as j
),

aimed as (
    select
        drawn.*,
        gen_patient.id as patient_id,
        gen_patient.user_id as patient_user_id,
        gen_patient.doctor_user_id,
        later(gen_patient.joined + 900, days(800), low_dice(5002, drawn.x)) as created
    from drawn
    inner join gen_patient on 1 + shuffled(drawn.x, how_many('patients')) = gen_patient.n
)

select
    *,
    row_number() over (order by created, x) as n,
    case
        when about in ('patient', 'user')
            then row_number() over (partition by about in ('patient', 'user') order by created, x)
    end as kept_n
from aimed;

analyze gen_record;

insert into dispatch_record (id, target_id, target_type_id, author_id, group_id, type, "text", "public", created_at)
select
    record_id(r.n),
    case r.about
        when 'patient' then r.patient_id
        when 'user'
            then coalesce(case when dice(5011, r.n) % 2 = 0 then r.doctor_user_id end, r.patient_user_id)
        when 'something else' then 1 + dice(5012, r.n) % 3000
        else 0
    end,
    case r.about
        when 'patient' then 11
        when 'user' then 58
        when 'something else' then one_of('{12,8,3}', r.n)::integer
    end,
    case
        when dice(5013, r.n) % 40 = 0 then null
        when r.type = 6 and dice(5014, r.n) % 2 = 0 then r.patient_user_id
        when dice(5015, r.n) % 2 = 0 then coalesce(r.doctor_user_id, technician.id)
        else technician.id
    end,
    case when dice(5016, r.n) % 6 = 0 then one_of('{11,2,7,3,5}', low_dice(5017, r.n) / 429496720)::integer end,
    r.type,
    soiled(
        case coalesce(r.type, 0)
            when 6
                then one_of(
                        '{"Aligner 7 hurts since yesterday","When does my next box arrive?","ありがとうございます。",'
                        '"I lost number 12 & 13 :(","Can I eat with them?","次の予約はいつですか?",'
                        '"It doesn''t fit. \"Not at all\"!","ok"}',
                        dice(5018, r.n)
                    )
            when 5
                then one_of(
                        '{"Tracking well, IPR done 33–43.","Attachment on 13 lost; rebond next visit.",'
                        '"アタッチメント脱離、次回再装着。","Midline 1 mm off to the left","Overjet 4 mm → 3 mm",'
                        '"<p>New scan needed: <i>upper</i></p>","See photos","Pt. said \"tight\""}',
                        dice(5018, r.n)
                    )
            when 8
                then one_of(
                        '{"Status: approved","Status: shipped","→ submitted","ステータス変更","Status: <b>on hold</b>"}',
                        dice(5018, r.n)
                    )
            else
                one_of(
                    '{"Please call back","Office moved, new address below:","請求書を送ってください","FYI",'
                    '"Team: who takes this one?"}',
                    dice(5018, r.n)
                )
        end
        || case
            when dice(5019, r.n) % 5 = 0
                then one_of(E'{"\n\nThanks","\n-- \nDr. Abernale"," [#2] ","\nよろしく"," 🙏"}', dice(5020, r.n))
            else ''
        end,
        dice(5021, r.n), 30
    ),
    dice(5022, r.n) % 3 > 0,
    moment(r.created)
from gen_record as r
left join gen_user as technician
    on technician.kind = 'technician'
        and low_dice(5023, r.n) / 70000000 + 1 = technician.k
        and r.created > technician.joined;

-- Comments from 2018-03-22 (on the first plan) to 2025-06-20, each after the project of its plan.
insert into dispatch_comment (id, created_at, "text", author_id, plan_id)
with sizes as (
    select
        how_many('comments') as comments,
        seconds_at(date '2018-03-22') + 30000 as first_moment,
        seconds_at(date '2025-06-20') + 50000 as last_moment,
        count(*) as plans
    from gen_plan
    where created < seconds_at(date '2025-06-20')
),

drawn as (
    select
        c,
        case c when 1 then 1 when comments then plans else 1 + dice(5031, c) % plans end as plan_n
    from sizes
    cross join generate_series(1, comments) as c
),

timed as (
    select
        drawn.c,
        p.id as plan_id,
        o.doctor_user_id,
        case drawn.c
            when sizes.comments then sizes.last_moment
            else greatest(p.created + 60, sizes.first_moment) + case
                    when drawn.c = 1 then 0
                    else scaled(
                            low_dice(5032, drawn.c),
                            least(days(60), sizes.last_moment - greatest(p.created + 60, sizes.first_moment))
                        )
                end
        end as created
    from drawn
    cross join sizes
    inner join gen_plan as p on drawn.plan_n = p.n
    inner join gen_order as o on p.clean_n = o.clean_n
),

numbered as (
    select
        *,
        row_number() over (order by created, c) as n
    from timed
)

select
    numbered.n + numbered.n / 45,
    moment(numbered.created),
    case
        when dice(5033, numbered.n) % 50 > 0
            then soiled(
                    one_of(
                        '{"Please reduce to 18 stages","OK to print","More torque on 11?","承認します","<p>approved</p>",'
                        '"Why is 36 extruded, \"again\"?",'
                        '"Looks good 👍","I don''t see IPR","もう少し拡大してください","-"}',
                        dice(5034, numbered.n)
                    )
                    || case
                        when dice(5035, numbered.n) % 8 = 0
                            then one_of(E'{"\nthx","\n\nDr. O''Grendan",", asap"}', dice(5036, numbered.n))
                        else ''
                    end,
                    dice(5037, numbered.n), 25
                )
    end,
    coalesce(case when dice(5038, numbered.n) % 2 = 1 then technician.id end, numbered.doctor_user_id),
    numbered.plan_id
from numbered
left join gen_user as technician
    on technician.kind = 'technician'
        and dice(5039, numbered.n) % 34 + 1 = technician.k
        and numbered.created > technician.joined;

-- Notes about doctors, 2021-05-04 to 2025-06-11. by: a doctor, no one, or a user who is not a doctor.
insert into dispatch_note (id, created_at, "text", author_id, doctor_id)
with sizes as (
    select
        how_many('notes by a doctor') as by_doctors,
        how_many('anonymous notes') as without_author,
        how_many('notes by a doctor') + how_many('anonymous notes') + how_many('notes by someone else') as notes,
        seconds_at(date '2021-05-04') + 40000 as first_moment,
        seconds_at(date '2025-06-11') + 40000 as last_moment
),

others as (
    select
        id,
        row_number() over (order by n) as other
    from gen_user
    where kind in ('staff', 'technician')
),

drawn as (
    select
        n,
        case
            when shuffled(n, notes) < by_doctors then 'doctor'
            when shuffled(n, notes) < by_doctors + without_author then 'no one'
            else 'someone else'
        end as author,
        shuffled(n, notes) as drawn_n,
        first_moment + (n - 1) * (last_moment - first_moment) / (notes - 1) as created
    from sizes
    cross join generate_series(1, notes) as n
)

select
    drawn.n + drawn.n / 10,
    moment(drawn.created),
    phrase(
        '{"Prefers phone calls","Late payer, ask before printing","Very particular about \"smile arc\"","<p>VIP</p>",'
        '"新しい医院に移転",'
        '"Don''t offer Lite","Speaks Spanish & Thai","Wants 7-day wear"}', 5041, drawn.n, 10
    ),
    case drawn.author when 'doctor' then author.user_id when 'someone else' then others.id end,
    -- one note is about a user who is not a doctor
    case when drawn.n = 20 % how_many('notes by a doctor') then no_doctor.user_id else about.user_id end
from drawn
left join gen_doctor as author
    on drawn.author = 'doctor' and drawn.drawn_n % how_many('note-writing doctors') + 1 = author.k
left join others
    on drawn.author = 'someone else' and drawn.drawn_n % how_many('note-writing others') + 1 = others.other
inner join gen_doctor as about on 1 + dice(5043, drawn.n) % doctors_by(drawn.created, how_many('doctors')) = about.k
cross join gen_patient as no_doctor
where no_doctor.n = 1;
