-- What the counts of the larger scales leave no room for, each kind once or twice, at scale tiny only.
do $$
declare
    deleted_order constant integer := (select id from gen_order where outcome = 'deleted' and outcome_n = 1);
    lost_order constant integer := (select id from gen_order where outcome = 'lost' and outcome_n = 1);
    -- two orders with plans and a paid payment
    late_deleted_order integer;
    doctorless_order integer;
begin
    if current_setting('legacy.scale') <> 'tiny' then
        return;
    end if;

    select min(id), max(id) into strict late_deleted_order, doctorless_order
    from gen_order
    where
        clean_n in (select clean_n from gen_plan)
        and has_both_jaws
        and status < 4
        and id in (select instruction_id from gen_payment where has_operations);

    -- People and offices: a user who is doctor and patient, a role that only resembles a technician's, a doctor in two
    -- teams, an office that is not valid, a country that is not mapped, links of an office to no doctor and of a doctor to no
    -- valid office, a birth date mistyped, an unknown sex.
    insert into dispatch_patient (id, user_id, doctor_id, archived, suspended, schemes, suffix)
    select patient_id(how_many('patients') + 1), user_id, user_id, false, true, '{}', 'ME01'
    from gen_doctor where k = 5;
    insert into dispatch_role (id, name, abbrev, user_id, group_id)
    select how_many('roles') + 1, 'Sectioning Technician (lead)', 'STL', id, 11
    from gen_user where kind = 'staff' and k = 2;
    insert into auth_user_groups (id, user_id, group_id)
    select 10001, user_id, 5 from gen_doctor where k = 1;
    update dispatch_office set valid = false where id = (select id from gen_office where n = 31);
    update dispatch_office set country = 'Ruritania' where id = (select id from gen_office where n = 32);
    insert into dispatch_office_doctors (id, office_id, user_id)
    select 10001, (select id from gen_office where n = 1), id from gen_user where kind = 'technician' and k = 1
    union all
    select 10002, (select id from gen_office where n = 31), user_id from gen_doctor where k = 1;
    update dispatch_patient set birthdate = date '0198-05-01' where id = patient_id(3);
    update dispatch_patient set sex = 9 where id = patient_id(4);

    -- Orders: codes that are not mapped, a mistyped date, one deleted and one without a doctor although many rows refer to them; of
    -- the shipped ones, one goes to an office that is not valid, one to no office, one at no known time.
    update dispatch_instruction set deleted = true where id = late_deleted_order;
    update dispatch_instruction
    set patient_id = (select id from gen_patient where outcome = 'alone' and outcome_n = 1)
    where id = doctorless_order;
    update dispatch_instruction
    set
        status = case odd.n when 1 then 3 when 2 then 77 else dispatch_instruction.status end,
        submitted_at = case odd.n
            when 3 then timestamptz '2108-03-04 10:00:00+00' when 4 then null else submitted_at
        end,
        updated_at = case odd.n when 4 then null else updated_at end
    from (
        select id, row_number() over (order by n) as n
        from gen_order
        where outcome = 'clean' and status in (1, 2) and id not in (late_deleted_order, doctorless_order)
    ) as odd
    where dispatch_instruction.id = odd.id and odd.n < 5;
    update dispatch_patient
    set office_id = case odd.n when 1 then (select id from gen_office where n = 31) end
    from (
        select patient_id, dense_rank() over (order by patient_id) as n
        from gen_order
        where status = 4 and outcome = 'clean'
    ) as odd
    where dispatch_patient.id = odd.patient_id and odd.n < 3;
    update dispatch_instruction set updated_at = null
    where id = (select max(id) from gen_order where status = 4 and outcome = 'clean');

    -- What hangs on orders that are not migrated: jaws, events, files, tasks. One jaw has two orders, one event an
    -- unknown code.
    update dispatch_instruction set upper_jaw_id = (select id from gen_jaw where side = 'none 1')
    where id = deleted_order;
    update dispatch_instruction set lower_jaw_id = (select id from gen_jaw where side = 'none 2')
    where id = lost_order;
    update dispatch_instruction
    set upper_jaw_id = twin.upper_jaw_id
    from dispatch_instruction as twin
    where
        dispatch_instruction.id = (select max(id) from gen_order where has_both_jaws and status = 4)
        and twin.id = (select min(id) from gen_order where has_both_jaws and status = 4);
    update dispatch_state
    set
        instruction_id = case id when 1 then deleted_order when 2 then lost_order else instruction_id end,
        status = case id when 3 then 13 else status end
    where id <= 3;
    update dispatch_file
    set instruction_id = case id when file_id(2) then deleted_order else lost_order end
    where id in (file_id(2), file_id(4));
    update dispatch_task
    set instruction_id = case id when 71 then deleted_order else lost_order end, plan_id = null, file_id = null
    where id in (71, 72);

    -- Payments: an amount mistyped, an operation of an unknown type. (Operations, items and plans of orders that are
    -- not migrated came with the two orders above.)
    update dispatch_payment
    set
        subtotal_price = 99999999.99, total_price = 99999999.99, additional_price = 0, tax_value = 0, tax_rate = 0,
        used_credit = 0, paid_price = 0
    where id = (select max(id) from gen_payment where not is_charged);
    update dispatch_operation set type = 9
    where id = (select max(id) from dispatch_operation where type = 1);
    -- A second refund in full of two payments. One has the refund id of the first in full: it is the same refund. The
    -- other follows a refund in part: more is refunded than was paid.
    insert into dispatch_operation (
        id, type, made_at, price, sq_order_id, sq_payment_id, sq_refund_id, card_brand, card_bin, card_last,
        office_card, payment_id, attempts
    )
    select
        (select max(id) from dispatch_operation) + row_number() over (order by id),
        2, made_at, paid_price, sq_order_id, sq_payment_id, sq_refund_id || case when is_full then '' else '2' end,
        card_brand, card_bin, card_last, office_card, payment_id, attempts
    from (
        select distinct on (is_full)
            operation.*,
            payment.paid_price,
            operation.price = payment.paid_price as is_full
        from dispatch_operation as operation
        inner join dispatch_payment as payment on operation.payment_id = payment.id
        where operation.type = 2
        order by is_full, operation.id desc
    ) as refund;

    -- Messages: to a user who does not exist, of an unknown type, without a type but with a target; a file of a rejected one.
    update dispatch_record
    set
        target_id = case id when record_id(1) then 999999 when record_id(2) then 999999 else target_id end,
        target_type_id = case id when record_id(1) then 11 when record_id(2) then 58 else target_type_id end,
        type = case id when record_id(3) then 99 when record_id(4) then null else type end
    where id <= record_id(4);
    update dispatch_file
    set record_id = (select min(id) from dispatch_record where target_type_id not in (11, 58))
    where id = (select min(id) from dispatch_file where record_id is not null);

    -- A user who joined at a mistyped time, with a permission; a file of a mistyped time, attached to a message; an offer and
    -- discounts out of bounds, and a discount that ends before it begins.
    insert into auth_user (
        id, password, is_superuser, username, first_name, last_name, email, is_staff, is_active, date_joined
    )
    select max(id) + 1, '', false, 'imported', '', '', '', false, false, timestamptz '0201-03-04 10:00:00+00'
    from auth_user;
    insert into auth_user_user_permissions (id, user_id, permission_id)
    select 10001, max(id), 1 from auth_user;
    insert into dispatch_file (id, uid, size, type, created_at)
    select max(id) + 1, random_uuid(8001, 1), 1024, 1, timestamptz '2108-03-04 10:00:00+00' from dispatch_file;
    insert into dispatch_record_attachments (id, record_id, file_id)
    select 10001, (select max(id) from gen_kept_record), max(id) from dispatch_file;
    update dispatch_offer set price_both = 99999999.99
    where id = (select max(id) from gen_offer where not is_rejected);
    update dispatch_discount set percent = 130 where id = (select min(id) + 4 from dispatch_discount);
    update dispatch_discount set finish = date '0202-12-31' where id = (select min(id) + 5 from dispatch_discount);
    update dispatch_discount set start = date '2024-06-01', finish = date '2024-05-01'
    where id = (select min(id) + 6 from dispatch_discount);
end
$$;
