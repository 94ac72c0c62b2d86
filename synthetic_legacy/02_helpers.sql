-- The counts of everything, and the few functions with which the other files draw their values.
-- All of it is dropped again in 99_cleanup.sql.
set timezone to 'UTC';

create temporary table gen_count (
    what text not null,
    at_tiny integer,
    at_phase7 integer,
    at_full integer
);

insert into gen_count (what, at_tiny, at_phase7, at_full) values
-- people: a user is one of staff, doctor, technician, patient
('staff', 4, 2, 2),
('doctors', 16, 1213, 1213),
('technicians', 8, 32, 32),
('patients', 40, 7854, 7854),
('archived patients', 6, 1210, 1210),
('users with an e-mail', 26, 1274, 1274),
('users sharing an e-mail', 5, 62, 62),
('shared e-mails', 2, 7, 7),
('offices', 32, 844, 844),
('office doctors', 14, 438, 438),
('lost doctors', 3, 40, 40),
('patients of a lost doctor', 4, 90, 90),
('patients without a doctor', 2, 60, 60),
-- access
('roles', 14, 46, 46),
('role permissions', 60, 1244, 1244),
('group permissions', 40, 412, 412),
-- catalogue
('categories', 8, 40, 40),
('products', 16, 40, 40),
('templates', 20, 152, 152),
('template products in the catalogue', 14, 93, 93),
('template products outside the catalogue', 10, 73, 73),
('template predecessors', 25, 191, 191),
('template view groups', 24, 183, 183),
('template view roles', 30, 1036, 1036),
('template edit roles', 24, 603, 603),
-- orders
('orders', 90, 23607, 23607),
('deleted orders', 5, 335, 335),
('orders of a lost doctor', 6, 222, 222),
('shipped orders', 12, 2453, 2453),
('states', 18, 4751, 4751),
('jaws', 110, 40470, 40470),
('jaws without an order', 4, 699, 699),
('projects', 60, 66918, 66918),
('plans', 66, 67782, 67782),
-- payments; operations are 1 a payment with operations, 2 more a payment in instalments, 1 a refund.
-- The two sums of cents make the means 255.48 (of 16,011 payments) and 1,147.85 (of 3,522 operations).
('payments', 60, 16014, 16014),
('charged payments', 34, 3300, 3300),
('payments with operations', 28, 3168, 3168),
('payments in instalments', 3, 97, 97),
('refunds', 6, 160, 160),
('wares', 66, 16552, 16552),
('cents of payments', null, 409049028, 409049028),
('cents of operations', null, 404272770, 404272770),
-- communication
('general records', 8, 1298, 1298),
('clinical records', 24, 31734, 31734),
('patient records', 16, 25621, 25621),
('status records', 8, 2310, 2310),
('records without a type', 2, 13, 13),
('records about something else', 4, 19, 19),
('comments', 30, 15074, 15074),
('notes by a doctor', 14, 783, 783),
('anonymous notes', 3, 66, 66),
('notes by someone else', 4, 114, 114),
('note-writing doctors', 3, 14, 14),
('note-writing others', 2, 7, 7),
-- the large tables
('files', 60, 2948, 294818),
('tasks', 120, 7690, 768962),
('tasks without an order', 4, 64, 6358),
('notifications', 160, 51025, 5102536),
('malformed notifications', 4, 4, 102),
-- links, offers and discounts
('user permissions', 12, 57, 57),
('message attachments', 24, 8697, 8697),
('attachments of rejected messages', 2, 6, 6),
('message roles', 20, 3041, 3041),
('roles of rejected messages', 2, 9, 9),
('product roles in the catalogue', 14, 118, 118),
('product roles outside the catalogue', 8, 83, 83),
('product successors in the catalogue', 4, 9, 9),
('product successors outside the catalogue', 4, 16, 16),
('offers', 24, 788, 788),
('offers of a lost doctor', 2, 12, 12),
('offers outside the catalogue', 6, 171, 171),
('offers without a doctor', 1, 5, 5),
('offers without a product', 1, 3, 3),
('discounts', 12, 151, 151),
('discounts of rejected offers', 2, 11, 11);

-- Declared immutable although it reads a table and a setting: neither changes within a load, and the planner inserts
-- the number instead of looking it up for every row.
create function how_many(wanted text) returns integer
language plpgsql immutable as $$
declare
    found_row gen_count;
begin
    select * into strict found_row from gen_count where what = wanted;
    case current_setting('legacy.scale')
        when 'tiny' then return found_row.at_tiny;
        when 'phase7' then return found_row.at_phase7;
        when 'full' then return found_row.at_full;
    end case;
end
$$;

-- Patients with a doctor, and orders that can be migrated.
create function kept_patients() returns integer
language sql immutable parallel safe as $$
    select how_many('patients') - how_many('patients of a lost doctor') - how_many('patients without a doctor')
$$;

create function clean_orders() returns integer
language sql immutable parallel safe as $$
    select how_many('orders') - how_many('deleted orders') - how_many('orders of a lost doctor')
$$;

-- A number from 0 to 2,147,483,586 that looks random and depends on nothing but its two arguments: every use
-- has a seed of its own, n is the number of the row. The product of two congruential sequences modulo a third
-- prime; plain bigint arithmetic, so it is inlined, costs about 0.1 µs, and is the same on every machine.
create function dice(seed integer, n bigint) returns bigint
language sql immutable parallel safe as $$
    select (n * 1664525 + seed * 1013904223::bigint) % 2147483647
        * ((n * 22695477 + seed * 69621::bigint) % 2147483629) % 2147483587
$$;

-- The same, but mostly small: for choosing among things of which the first are the most used.
create function low_dice(seed integer, n bigint) returns bigint
language sql immutable parallel safe as $$
    select dice(seed, n) * dice(seed + 5000, n) / 2147483587
$$;

-- dice to 0 … bound - 1, keeping its shape (a remainder would flatten low_dice).
create function scaled(drawn bigint, bound bigint) returns bigint
language sql immutable parallel safe as $$
    select drawn * bound / 2147483587
$$;

-- A permutation of 0 … total - 1 for n from 1 to total (1,000,003 is prime and divides no total here):
-- "shuffled < k" marks exactly k rows, scattered evenly.
create function shuffled(n bigint, total bigint) returns bigint
language sql immutable parallel safe as $$
    select n * 1000003 % total
$$;

create function one_of(choices text[], drawn bigint) returns text
language sql immutable parallel safe as $$
    select choices[1 + drawn % cardinality(choices)]
$$;

-- Seconds since 2018 as a time. A "second" of 1.000003 s gives every moment its own microseconds and keeps
-- the order of all moments.
create function moment(seconds bigint) returns timestamptz
language sql immutable parallel safe as $$
    select timestamptz '2018-01-01 00:00:00+00' + seconds * interval '1.000003 seconds'
$$;

create function seconds_at(day date) returns bigint
language sql immutable parallel safe as $$
    select (day - date '2018-01-01') * 86400::bigint
$$;

-- The last moment anything happened, and a moment between `since` and `since + at_most` that is not after it.
create function world_end() returns bigint
language sql immutable parallel safe as $$
    select seconds_at(date '2025-07-31')
$$;

create function later(since bigint, at_most bigint, drawn bigint) returns bigint
language sql immutable parallel safe as $$
    select since + scaled(drawn, least(at_most, world_end() - since))
$$;

create function days(n bigint) returns bigint
language sql immutable parallel safe as $$
    select n * 86400
$$;

-- People are numbered in the order they joined, evenly over the years: how many had joined by then?
create function doctors_by(seconds bigint, total bigint) returns bigint
language sql immutable parallel safe as $$
    select greatest(1, least(total, (seconds - days(2)) * total / days(2650)))
$$;

create function patients_by(seconds bigint, total bigint) returns bigint
language sql immutable parallel safe as $$
    select greatest(1, least(total, (seconds - days(5)) * total / days(2720)))
$$;

-- Ids of the large tables have gaps, each table its own: a join of the wrong columns does not go unnoticed.
create function patient_id(n bigint) returns bigint
language sql immutable parallel safe as $$
    select n + n / 13 + 3
$$;

create function order_id(n bigint) returns bigint
language sql immutable parallel safe as $$
    select n + n / 21 + 137
$$;

create function plan_id(n bigint) returns bigint
language sql immutable parallel safe as $$
    select n + n / 70 + 300
$$;

create function payment_id(n bigint) returns bigint
language sql immutable parallel safe as $$
    select n + n / 40 + 50
$$;

create function record_id(n bigint) returns bigint
language sql immutable parallel safe as $$
    select n + n / 60 + 8
$$;

create function file_id(n bigint) returns bigint
language sql immutable parallel safe as $$
    select n + n / 50 + 12
$$;

create function random_uuid(seed integer, n bigint) returns uuid
language sql immutable parallel safe as $$
    select cast(
        lpad(to_hex(dice(seed, n)), 8, '0') || lpad(to_hex(dice(seed + 1, n) % 65536), 4, '0')
        || '4' || lpad(to_hex(dice(seed + 2, n) % 4096), 3, '0')
        || 'a' || lpad(to_hex(dice(seed + 3, n) % 4096), 3, '0') || lpad(to_hex(n), 12, '0') as uuid
    )
$$;

create function random_code(seed integer, n bigint) returns text
language sql immutable parallel safe as $$
    select upper(lpad(to_hex(dice(seed, n)), 8, '0') || lpad(to_hex(dice(seed + 1, n)), 8, '0'))
$$;

-- Adds bad data to one value in `one_in`: blanks, quotes, a second line, emoji, a right-to-left mark, HTML, Japanese.
create function soiled(clean text, drawn bigint, one_in integer) returns text
language sql immutable parallel safe as $$
    select case when drawn % one_in > 0 then clean else case drawn / one_in % 12
        when 0 then clean || '  '
        when 1 then '  ' || clean
        when 2 then clean || ' "urgent"'
        when 3 then clean || E'\nsecond line'
        when 4 then clean || ' 😀'
        when 5 then E'\u200F' || clean || E'\u200F'
        when 6 then '<b>' || clean || '</b>'
        when 7 then clean || ' (see patient''s file)'
        when 8 then clean || ' 確認済み'
        when 9 then clean || E'\t'
        when 10 then clean || E'\r\n'
        else clean || ' <script>alert("x")</script> & \ %s {{ x }}'
    end end
$$;

-- One of the choices, sometimes with bad data.
create function phrase(choices text[], seed integer, n bigint, one_in integer) returns text
language sql immutable parallel safe as $$
    select soiled(one_of(choices, dice(seed, n)), dice(seed + 1, n), one_in)
$$;

-- Invented names; any first name may be combined with any family name.
create function first_names() returns text[]
language sql immutable parallel safe as $$
    select '{
        Aiko,Haruto,Yuna,Sora,Ren,Mei,Kaito,Anh,Linh,Minh,Thao,Bao,Chai,Ploy,Nok,Somsri,Aarav,Diya,Ishaan,Kavya,Rohan,
        Meera,Emma,Liam,Noah,Olivia,Ava,Mason,Zoe,Caleb,Nora,Elena,Mateo,Lucía,José,Camila,Diego,Inés,Lukas,Greta,
        Jürgen,Anneliese,Chloé,Étienne,Amara,Kwame,Zola,Femi,Leila,Omar,Yusuf,Noor,Freya,Søren,Ingrid,Pavel,Katya,
        Milos,Siobhán,Declan,Mary-Jane,Jean-Luc,さくら,陽太,เมษา
    }'::text[]
$$;

create function last_names() returns text[]
language sql immutable parallel safe as $$
    select '{
        Abernale,Quillow,Bramhurst,Tarkwell,Ostenby,Fenwhistle,Larkmoor,Dunnevale,O''Grendan,O''Mallory,D''Arvenne,
        Van der Lune,von Eschlin,de la Torvega,Velasquira,Montelbán,Castañero,Ibarrondo,Katsunami,Mizuhara-Ito,
        Tanabayashi,Kuronuma,Shirakane,Nguyelle,Trandao,Phamvinh,Lêvinh,Suwanrat,Chaiyawong,Boonmasri,Raghunesh,
        Pillaramani,Chatterwal,Deshpanekar,Okonweze,Adeyinsola,Mbekiwa,Haddadine,El-Sharqui,Yilmazer,Kowalitz,
        Dvorchek,Petrovanova,Lindqvarn,Ångholm,Bjørnevik,Müllenhoff,Grünspecht,Schafferin,Beaumontel,Lefrançay,
        Rossignolo,Bellacorte,Papadakiros,MacAllever,Smithe-Jorden,佐久良,高野瀬,山羽
    }'::text[]
$$;
