-- Users of every kind, offices, doctors, patients, roles.
set timezone to 'UTC';

create temporary table gen_specialty (
    n integer not null,
    name text not null,
    abbrev text not null,
    people integer not null,
    active integer not null,
    people_at_tiny integer not null,
    active_at_tiny integer not null
);

insert into gen_specialty (n, name, abbrev, people, active, people_at_tiny, active_at_tiny) values
(1, 'Sectioning Technician', 'ST', 11, 2, 2, 1),
(2, 'Designing Technician', 'DT', 9, 3, 2, 1),
(3, 'Remote Technician', 'RT', 6, 4, 1, 1),
(4, 'Manufacturing Technician', 'MT', 4, 3, 1, 0),
(5, 'Remote Technician Sectioning Approver', 'RTSA', 1, 1, 1, 1),
(6, 'Japan Aligner Technician', 'JAT', 1, 1, 1, 1);

-- Technicians in the order they were hired; who was hired late is more likely to be still there.
create temporary table gen_technician as
select
    gen_specialty.name as specialty,
    gen_specialty.abbrev,
    slot.n <= case current_setting('legacy.scale')
        when 'tiny' then gen_specialty.active_at_tiny else gen_specialty.active
    end as is_active,
    row_number() over (
        order by
            dice(1101, gen_specialty.n * 100 + slot.n) % 1000 + 400 * (slot.n <= gen_specialty.active)::integer,
            gen_specialty.n,
            slot.n
    ) as k
from gen_specialty
cross join generate_series(1, 11) as slot (n)
where slot.n <= case current_setting('legacy.scale')
        when 'tiny' then gen_specialty.people_at_tiny else gen_specialty.people
    end;

-- Everybody, numbered n in the order they joined and k within their kind. Technicians were hired from
-- 2018-02-22 to 2025-07-29.
create temporary table gen_user as
with joining as (
    select
        'staff' as kind,
        k,
        days(1) + 3600 * (8 + k)::bigint as joined
    from generate_series(1, how_many('staff')) as k
    union all
    select
        'doctor',
        k,
        days(1) + 50000 + (k - 1) * days(2650) / how_many('doctors') + dice(1102, k) % 20000
    from generate_series(1, how_many('doctors')) as k
    union all
    select
        'patient',
        k,
        days(4) + (k - 1) * days(2720) / how_many('patients') + dice(1103, k) % 30000
    from generate_series(1, how_many('patients')) as k
    union all
    select
        'technician',
        k,
        seconds_at(date '2018-02-22') + 36000
        + (k - 1) * (seconds_at(date '2025-07-29') - seconds_at(date '2018-02-22')) / (how_many('technicians') - 1)
    from generate_series(1, how_many('technicians')) as k
),

numbered as (
    select
        kind,
        k,
        joined,
        row_number() over (order by joined, k, kind collate "C") as n
    from joining
)

select
    n,
    n + n / 17 as id,
    kind,
    k,
    joined
from numbered;

analyze gen_user;

-- E-mail: hardly any patient has one. Holders are ranked by h: first those who share an address, then the malformed.
create temporary table gen_email as
with holders as (
    select
        n,
        id,
        row_number() over (
            order by case when kind = 'patient' or dice(1104, n) % 20 = 0 then 1 else 0 end, dice(1105, n), n
        ) as h
    from gen_user
),

sizes as (
    select
        how_many('users with an e-mail') as holders,
        how_many('users sharing an e-mail') as sharers,
        how_many('shared e-mails') as shared
)

select
    holders.n,
    case
        when holders.h <= sizes.sharers
            then one_of('{frontdesk,office,hello,reception,info,billing,team}', holders.h % sizes.shared)
                || '@clinic' || holders.h % sizes.shared + 1 || '.example.com'
        when holders.h <= sizes.sharers + 7
            then one_of(
                    '{dr.lune(at)example.com,mizuhara@,@example.org,no e-mail,kwame@@example.net,@,n/a}',
                    holders.h - sizes.sharers - 1
                )
        else
            case when dice(1106, holders.n) % 40 = 0 then ' ' else '' end
            || one_of('{smile,ortho,desk,dental,mail,Office,DR}', dice(1107, holders.n)) || '.' || holders.id
            || one_of('{@example.com,@example.org,@example.net,@mail.example.com,@Example.COM}', dice(1108, holders.n))
            || case when dice(1109, holders.n) % 50 = 0 then '  ' else '' end
    end as email
from holders
cross join sizes
where holders.h <= sizes.holders;

insert into auth_user (
    id, password, last_login, is_superuser, username, first_name, last_name, email, is_staff, is_active, date_joined
)
select
    gen_user.id,
    case
        when dice(1111, gen_user.n) % 9 = 0 then '!' || random_code(1112, gen_user.n)
        else 'pbkdf2_sha256$260000$synthetic$' || random_code(1114, gen_user.n) || random_code(1116, gen_user.n) || '='
    end,
    case
        when dice(1118, gen_user.n) % 100 < case when gen_user.kind = 'patient' then 85 else 5 end then null
        else moment(later(gen_user.joined, days(900), dice(1119, gen_user.n)))
    end,
    gen_user.kind = 'staff' and gen_user.k = 1,
    case gen_user.kind
        when 'patient' then one_of('{pt,p-,"patient.",ü,@}', low_dice(1120, gen_user.n) / 600000000)
        when 'doctor' then one_of('{"dr.",clinic_,dds+,md-}', dice(1121, gen_user.n))
        when 'technician' then 'tech.'
        else 'staff.'
    end || gen_user.id,
    case
        when gen_user.kind = 'patient' and dice(1122, gen_user.n) % 100 < 24 then ''
        else soiled(one_of(first_names(), dice(1123, gen_user.n)), dice(1124, gen_user.n), 150)
    end,
    case
        when gen_user.kind = 'patient' and dice(1125, gen_user.n) % 100 < 11 then ''
        else soiled(one_of(last_names(), dice(1126, gen_user.n)), dice(1127, gen_user.n), 150)
    end,
    coalesce(gen_email.email, ''),
    gen_user.kind in ('staff', 'technician'),
    case gen_user.kind
        when 'patient' then dice(1128, gen_user.n) % 100 < 97
        when 'doctor' then dice(1129, gen_user.n) % 100 < 93
        when 'technician' then gen_technician.is_active
        else true
    end,
    moment(gen_user.joined)
from gen_user
left join gen_email on gen_user.n = gen_email.n
left join gen_technician on gen_user.kind = 'technician' and gen_user.k = gen_technician.k;

-- Everybody is in the group of their kind (a few patients were forgotten), some in a second one. The first doctors
-- write the notes (50_communication.sql): so that their team is certain, they are in Doctor alone.
insert into auth_user_groups (id, user_id, group_id)
with members as (
    select
        n,
        id as user_id,
        case kind when 'patient' then 1 when 'doctor' then 2 when 'technician' then 11 else 3 + k % 5 end as group_id
    from gen_user
    where kind <> 'patient' or k % 59 > 0
    union all
    select
        n,
        id,
        case when k % 3 = 0 then 5 when k % 3 = 1 then 9 else 1 end
    from gen_user
    where kind = 'doctor' and k > 14 and dice(1131, k) % 30 = 0
    union all
    select
        n,
        id,
        3 + k % 7
    from gen_user
    where kind = 'technician' and (k % 3 = 1 or k > 25)
    union all
    select
        n,
        id,
        4 + k % 5
    from gen_user
    where kind = 'staff'
)

select
    row_number() over (order by n, group_id),
    user_id,
    group_id
from members;

-- Roles: one for each technician, the others have no user. Several of those have a technician's name all the same.
insert into dispatch_role (id, name, abbrev, type, "order", user_id, group_id)
with nameless as (
    select
        n,
        name,
        abbrev,
        group_id
    from (
        values
        (1, 'AT / Bracket / IDB', 'AT', 11), (2, 'MT-Laser', 'MTL', 11), (3, 'Supervisor', 'SUP', 11),
        (4, 'Sales', null, 6),
        (5, 'Technician', 'T', 11), (6, 'Lead Sectioning Technician', '', 11), (7, 'MT-Printing', 'MTP', 11),
        (8, 'Remote Technician Trainee', null, 11), (9, 'Quality  Control', 'QC', 11), (10, 'Billing', 'B', 3),
        (11, 'designing technician', null, 11), (12, 'Packing & Shipping', 'PS', 11), (13, 'Master', 'M', 5),
        (14, 'Anyone "on call"', null, null)
    ) as listed (n, name, abbrev, group_id)
),

all_roles as (
    select
        n,
        name,
        abbrev,
        null::integer as user_id,
        group_id
    from nameless
    where n <= how_many('roles') - how_many('technicians')
    union all
    select
        14 + gen_technician.k,
        gen_technician.specialty,
        gen_technician.abbrev,
        gen_user.id,
        11
    from gen_technician
    inner join gen_user on gen_user.kind = 'technician' and gen_technician.k = gen_user.k
)

select
    row_number() over (order by n),
    name,
    abbrev,
    case when dice(1141, n) % 8 > 0 then dice(1142, n) % 3 end,
    case when dice(1143, n) % 6 > 0 then n end,
    user_id,
    group_id
from all_roles;

insert into dispatch_role_permissions (id, role_id, permission_id)
select
    pair.n,
    pair.drawn % pair.roles + 1,
    gen_permission.id
from (
    select
        n,
        how_many('roles') as roles,
        shuffled(n, how_many('roles') * (select count(*) from gen_permission)) as drawn
    from generate_series(1, how_many('role permissions')) as n
) as pair
inner join gen_permission on pair.drawn / pair.roles + 1 = gen_permission.n;

-- Offices. Every spelling of a country occurs at least once, at every scale.
create temporary table gen_region (
    region text not null,
    cities text[] not null,
    states text[] not null,
    dialling text not null,
    tax_rates text[] not null
);

insert into gen_region (region, cities, states, dialling, tax_rates) values
(
    'us', '{Larkspur Bay,Port Abernale,Quill City,San Aurelio,Mount Tarkwell,New Ostenby,Fenway Falls,"St. Brin"}',
    '{CA,TX,NY,CO,WA,FL,AZ,California,""}', '+1 (303) ', '{10.2500,7.7500,8.8750,6.2500,9.5000,4.0000,8.3120}'
),
('in', '{Sonapur,Chandrapuram,Nilgaon}', '{KA,MH,TN}', '+91 80 ', '{18.0000,12.0000}'),
('jp', '{Minamisawa,Higashiyama-shi,北沢市}', '{Tokyo,Osaka,東京都}', '+81 3 ', '{10.0000}'),
('th', '{Ban Suwan,Chiang Nakhon}', '{Bangkok,""}', '+66 2 ', '{7.0000}'),
('vn', '{Tân Hòa,Phú Lâm}', '{HCM,""}', '+84 28 ', '{10.0000,8.0000}'),
('au', '{Wattle Creek,Bandara}', '{NSW,VIC,QLD}', '+61 2 ', '{10.0000}'),
('other', '{Kronsdorf,Upper Wickham,Puerto Claro,Lion Point}', '{""}', '', '{5.0000,19.0000,20.0000,9.0000,12.5000}');

create temporary table gen_country (
    n integer not null,
    spelling text,
    region text not null,
    weight integer not null
);

insert into gen_country (n, spelling, region, weight) values
(1, 'USA', 'us', 500), (2, 'U.S.A.', 'us', 30), (3, 'usa', 'us', 25), (4, 'United States', 'us', 60),
(5, 'US', 'us', 40), (6, 'USA ', 'us', 12), (7, 'India', 'in', 60), (8, 'INDIA', 'in', 10),
(9, 'Japan', 'jp', 70), (10, 'japan', 'jp', 10), (11, '日本', 'jp', 10), (12, 'Thailand', 'th', 30),
(13, 'THAILAND', 'th', 5), (14, 'Vietnam', 'vn', 30), (15, 'Viet Nam', 'vn', 15), (16, 'Việt Nam', 'vn', 5),
(17, 'Australia', 'au', 30), (18, 'australia', 'au', 5), (19, 'Canada', 'other', 12),
(20, 'United Kingdom', 'other', 6), (21, 'UK', 'other', 4), (22, 'Germany', 'other', 5),
(23, 'Deutschland', 'other', 2), (24, 'Singapore', 'other', 6), (25, 'Philippines', 'other', 5),
(26, 'Mexico', 'other', 4), (27, 'México', 'other', 2), (28, 'New Zealand', 'other', 4), (29, '', 'us', 5),
(30, null, 'us', 10);

insert into dispatch_office (
    id, name, address, apt, city, state, zip, country, phone, tax_rate, valid, sq_customer_id, emails
)
with ranges as (
    select
        n,
        spelling,
        region,
        sum(weight) over (order by n) as up_to,
        sum(weight) over (order by n) - weight as above
    from gen_country
),

drawn as (
    select
        n,
        dice(1151, n) % (select sum(weight) from gen_country) as chance
    from generate_series(1, how_many('offices')) as n
)

select
    drawn.n + drawn.n / 8,
    soiled(
        one_of(
            '{Larkmoor,Quenby Hill,Tessaly,Brindlewick,Harrowgait,Sunfall,Dr. Abernale''s,Nokwood,Amberlyn}',
            dice(1152, drawn.n)
        )
        || one_of('{" Orthodontics"," Dental Studio"," Smile Clinic"," Dental Care"," 矯正歯科"}', dice(1153, drawn.n)),
        dice(1154, drawn.n), 30
    ),
    case
        when dice(1155, drawn.n) % 40 > 0
            then soiled(
                    1 + dice(1156, drawn.n) % 9800 || ' '
                    || one_of('{Marrow Lane,Old Kiln Rd,4th St NE,Soi Lumphu,Phố Hàng Trúc}', dice(1157, drawn.n)),
                    dice(1158, drawn.n), 30
                )
    end,
    case dice(1159, drawn.n) % 5
        when 0 then soiled('Suite ' || dice(1160, drawn.n) % 900, dice(1161, drawn.n), 12)
        when 1 then null
        when 2 then '#4'
        else ''
    end,
    soiled(one_of(gen_region.cities, dice(1162, drawn.n)), dice(1163, drawn.n), 40),
    soiled(one_of(gen_region.states, dice(1164, drawn.n)), dice(1165, drawn.n), 60),
    case
        when dice(1166, drawn.n) % 30 > 0
            then soiled(lpad((dice(1167, drawn.n) % 100000)::text, 5, '0'), dice(1168, drawn.n), 60)
    end,
    ranges.spelling,
    case
        when dice(1169, drawn.n) % 12 > 0
            then soiled(
                    gen_region.dialling || '555-01' || lpad((dice(1170, drawn.n) % 100)::text, 2, '0'),
                    dice(1171, drawn.n), 40
                )
    end,
    one_of(gen_region.tax_rates, dice(1172, drawn.n))::numeric,
    true,
    case when dice(1173, drawn.n) % 3 > 0 then soiled(random_code(1174, drawn.n), dice(1176, drawn.n), 50) end,
    dice(1177, drawn.n) % 5 > 0
from drawn
inner join ranges
    on case
            when drawn.n <= 30 then drawn.n = ranges.n else drawn.chance >= ranges.above and drawn.chance < ranges.up_to
        end
inner join gen_region on ranges.region = gen_region.region;

create temporary table gen_office as
select
    id,
    tax_rate,
    country is null or country in ('USA', 'U.S.A.', 'usa', 'United States', 'US', 'USA ', '') as is_american,
    row_number() over (order by id) as n
from dispatch_office;

-- Doctors: each has a home office, most of them never recorded in the link table.
create temporary table gen_doctor as
select
    gen_user.k,
    gen_user.id as user_id,
    gen_user.joined,
    gen_office.n as office_n,
    gen_office.id as office_id
from gen_user
inner join gen_office on (gen_user.k * 7 - 1) % how_many('offices') + 1 = gen_office.n
where gen_user.kind = 'doctor';

analyze gen_doctor;

insert into dispatch_doctorsetting (
    id, user_id, clinical_preferences, sq_customer_id, promised_payment, credit, tier_type, tier_finish,
    installment_payments, baa_agreed_at, eula_agreed_at, company_account
)
select
    k + k / 31 + 5,
    user_id,
    case
        when dice(1181, k) % 3 > 0
            then phrase(
                    '{"No attachments on incisors.","IPR only after stage 5",'
                    '"Prefers passive aligners; call before any change.","<p>Overcorrect rotations by 2°.</p>",'
                    '"アタッチメントは最小限に。","Please, never \"standard\" trim lines","-",""}',
                    1182, k, 15
                )
    end,
    case when dice(1184, k) % 3 > 0 then soiled(random_code(1185, k), dice(1187, k), 80) end,
    dice(1188, k) % 7 = 0,
    case when dice(1189, k) % 12 = 0 then dice(1190, k) % 40 * 25 + dice(1191, k) % 4 * 0.25 else 0 end,
    case when dice(1192, k) % 4 > 0 then 1 + low_dice(1193, k) / 540000000 end,
    case
        when dice(1194, k) % 5 = 0
            then (moment(joined) at time zone 'UTC')::date + 365 + (dice(1195, k) % 700)::integer
    end,
    case when dice(1196, k) % 9 = 0 then 3 * (1 + dice(1197, k) % 3) else 0 end,
    case when dice(1198, k) % 5 > 0 then moment(later(joined, days(40), dice(1199, k))) end,
    case when dice(1200, k) % 4 > 0 then moment(later(joined, days(40), dice(1199, k))) end,
    dice(1201, k) % 25 = 0
from gen_doctor;

-- The first links record home offices, the others a second office.
insert into dispatch_office_doctors (id, office_id, user_id)
select
    link.n,
    gen_office.id,
    gen_doctor.user_id
from (
    select
        n,
        shuffled(n, how_many('doctors')) + 1 as doctor_k,
        n % 6 = 0 as is_second
    from generate_series(1, how_many('office doctors')) as n
) as link
inner join gen_doctor on link.doctor_k = gen_doctor.k
inner join gen_office
    on (gen_doctor.office_n - 1 + case when link.is_second then 11 else 0 end) % how_many('offices') + 1 = gen_office.n;

-- The doctors of a few patients are users who are not doctors (no doctorsetting): the earliest accounts.
create temporary table gen_lost_doctor as
select
    row_number() over (order by n) as i,
    id as user_id
from gen_user
where kind <> 'doctor'
order by n
limit how_many('lost doctors');

-- outcome: "kept" patients have a doctor, "lost" ones a user who is not a doctor, "alone" ones neither. kept_n numbers
-- the kept ones.
create temporary table gen_patient as
with ranked as (
    select
        k as n,
        id as user_id,
        joined,
        row_number() over (
            partition by k > how_many('patients') / 4
            order by dice(1211, k), k
        ) as rank_in_half,
        k > how_many('patients') / 4 as is_recent,
        1 + scaled(low_dice(1212, k), doctors_by(joined, how_many('doctors'))) as doctor_k
    from gen_user
    where kind = 'patient'
),

assigned as (
    select
        *,
        case
            when is_recent and rank_in_half <= how_many('patients of a lost doctor') then 'lost'
            when is_recent and rank_in_half <= how_many('patients') - kept_patients() then 'alone'
            else 'kept'
        end as outcome
    from ranked
)

select
    assigned.n,
    patient_id(assigned.n) as id,
    assigned.user_id,
    assigned.joined,
    assigned.outcome,
    row_number() over (partition by assigned.outcome order by assigned.n) as outcome_n,
    case assigned.outcome
        when 'kept' then gen_doctor.user_id
        when 'lost' then gen_lost_doctor.user_id
    end as doctor_user_id,
    case when dice(1213, assigned.n) % 100 < 88 then gen_doctor.office_id end as office_id,
    case
        when dice(1214, assigned.n) % 33 = 0 then ''
        else substr(random_code(1215, assigned.n), 1 + (dice(1217, assigned.n) % 8)::integer, 4)
            || case when dice(1218, assigned.n) % 500 = 0 then ' ' else '' end
    end as suffix
from assigned
inner join gen_doctor on assigned.doctor_k = gen_doctor.k
left join gen_lost_doctor on (assigned.rank_in_half - 1) % how_many('lost doctors') + 1 = gen_lost_doctor.i;

analyze gen_patient;

insert into dispatch_patient (
    id, user_id, doctor_id, office_id, birthdate, sex, status, archived, suspended, schemes, suffix, submitted_at,
    updated_at
)
select
    id,
    user_id,
    doctor_user_id,
    office_id,
    case
        when dice(1221, n) % 40 > 0
            then (moment(joined) at time zone 'UTC')::date - 2600 - scaled(low_dice(1222, n), 22000)::integer
    end,
    case
        when dice(1223, n) % 100 < 4 then null
        when dice(1223, n) % 100 < 5 then 0
        when dice(1224, n) % 100 < 42 then 1
        else 2
    end,
    case when dice(1225, n) % 5 > 0 then dice(1226, n) % 4 end,
    shuffled(n, how_many('patients')) < how_many('archived patients'),
    dice(1227, n) % 90 = 0,
    case
        when n % 1800 = 7 then one_of('{"{\"upper\": ","{''a'': 1}","{\"stages\": 12,}",not json}', n / 1800)
        else
            one_of(
                '{"{}","{}","{}","{}","{\"upper\": 14, \"lower\": 12}","{\"note\": \"pat said \\\"ok\\\" 😀\"}","[]",'
                '"{\"段階\": [1, 2, 3]}"}',
                low_dice(1228, n) / 268435449
            )
    end,
    suffix,
    case when dice(1229, n) % 25 > 0 then moment(joined + dice(1230, n) % 3600) end,
    case when dice(1231, n) % 25 > 0 then moment(later(joined + 3600, days(600), dice(1232, n))) end
from gen_patient;
