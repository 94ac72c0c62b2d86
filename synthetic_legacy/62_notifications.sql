-- Notifications: by far the biggest table. Three quarters go to doctors, some to technicians, the rest to patients.
set timezone to 'UTC';

insert into dispatch_notification (
    id, created_at, recipient_id, sender, template_name, template_context, "read", item_id, item_type_id, send, sent
)
with sizes as (
    select
        how_many('notifications')::bigint as notifications,
        how_many('notifications') / how_many('malformed notifications') as one_malformed_in,
        how_many('doctors') as doctors,
        how_many('patients') as patients,
        how_many('technicians') as technicians,
        how_many('orders') as orders,
        how_many('plans') as plans,
        how_many('files') as files
),

drawn as (
    select
        sizes.*,
        i,
        dice(6201, i) as a,
        dice(6202, i) as b,
        days(8) + i * days(2756) / sizes.notifications as created
    from sizes
    cross join generate_series(1, sizes.notifications) as i
    offset 0 -- an optimization fence: without it the planner computes every draw again wherever it is used
),

-- Recipients are people who had joined by then, items were there by then, or nearly.
addressed as (
    select
        *,
        a / 20 % 16 as topic,
        case
            when a % 20 < 15 then 'doctor'
            when a % 20 < 18 and created > days(60) then 'technician'
            else 'patient'
        end as to_kind,
        case
            when a % 20 < 15 then 1 + b % doctors_by(created, doctors)
            when a % 20 < 18 and created > days(60)
                then 1 + b % (1 + (created - days(53)) * (technicians - 1) / (seconds_at(date '2025-07-29') - days(52)))
            else 1 + b % patients_by(created, patients)
        end as to_k,
        case
            when a / 20 % 16 < 5 then order_id(1 + i * (orders - 1) / notifications)
            when a / 20 % 16 < 9 then plan_id(1 + i * (plans - 1) / notifications)
            when a / 20 % 16 < 11 then file_id(1 + i * (files - 1) / notifications)
            when a / 20 % 16 < 15 then patient_id(1 + i * (patients - 1) / notifications)
        end as item_id
    from drawn
    offset 0
)

select
    addressed.i + addressed.i / 1000,
    moment(addressed.created),
    gen_user.id,
    one_of(
        E'{system,system,system,Dispatch,"Dispatch <no-reply@example.com>","","Dr. O''Grendan ","\\"Lab\\" 😀",技工所,'
        '"two\nlines"}',
        addressed.b / 400
    ),
    one_of(
        '{order_submitted,order_approved,order_shipped,order_shipped,order_reminder,plan_ready,plan_ready,'
        'comment_added,plan_approved,file_uploaded,file_uploaded,message_received,message_received,'
        'patient_added,payment_made,"daily digest "}',
        addressed.topic
    ),
    case
        when addressed.i % addressed.one_malformed_in = addressed.one_malformed_in / 2
            then
                one_of(
                    '{"{\"patient\": \"Mary \"MJ\" Larkmoor\"}","","{\"path\": \"C:\\dispatch\\scans\"}",'
                    '"{\"note\": \"cut here \\u0000\"}"}',
                    addressed.i / addressed.one_malformed_in
                )
        when addressed.topic < 5
            then
                '{"order": ' || addressed.item_id || ', "stage": ' || addressed.b % 40
                || ', "link": "https://lab.example.com/o/'
                || addressed.b % 99991 || '"}'
        when addressed.topic < 9
            then
                '{"plan": {"id": ' || addressed.item_id || ', "name": "Plan ' || addressed.b % 9 || '"}, "text": "'
                || one_of(
                    '{"OK to print","line one\\nline two","<b>IPR</b> on 11 & 12","ステージ数を減らす","said \\\"no\\\" 👍","",'
                    '"\\u200fשלום"}',
                    addressed.b
                ) || '"}'
        when addressed.topic < 11
            then '{"file": ' || addressed.item_id || ', "size": ' || addressed.b || ', "ok": true, "error": null}'
        when addressed.topic < 13
            then '{"from": "' || one_of(first_names(), addressed.b) || '", "unread": ' || addressed.b % 30 || '}'
        when addressed.topic < 15 then '{}'
        -- the digests are long, now and then very long
        else
            '{"tasks": [' || repeat(
                '{"name": "Trim model", "jaw": 2, "late": true}, ',
                2 + (case when addressed.b % 1000 = 0 then 300 else addressed.b % 25 end)::integer
            ) || '{"name": "Pack"}], "total": ' || addressed.b % 900 || '.5}'
    end,
    -- most of what is old has been read
    addressed.b / 7 % 100 < 92 - addressed.i * 40 / addressed.notifications,
    addressed.item_id,
    case
        when addressed.topic < 5 then 10
        when addressed.topic < 9 then 12
        when addressed.topic < 11 then 8
        when addressed.topic < 15 then 11
    end,
    addressed.a / 400 % 3 = 0,
    addressed.a / 400 % 3 = 0 and addressed.b % 50 > 0
from addressed
inner join gen_user on addressed.to_kind = gen_user.kind and addressed.to_k = gen_user.k;
