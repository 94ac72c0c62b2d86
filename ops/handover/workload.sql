-- What an application writes and reads for one order, as a script for pgbench --protocol prepared: a new patient, the
-- order, its payment and its shipment. Existing rows are picked at random by their keys.
select doctor_id as doctor from (
    (select doctor_id from app.doctors where doctor_id >= (select gen_random_uuid()) order by doctor_id limit 1)
    union all (select doctor_id from app.doctors limit 1)
) as found limit 1 \gset
select template_id as template from (
    (select template_id from app.templates where template_id >= (select gen_random_uuid()) order by template_id limit 1)
    union all (select template_id from app.templates limit 1)
) as found limit 1 \gset
select profile_id as recipient from (
    (select profile_id from app.profiles where profile_id >= (select gen_random_uuid()) order by profile_id limit 1)
    union all (select profile_id from app.profiles limit 1)
) as found limit 1 \gset
select product_id as product from app.products limit 1 \gset
select team_id as team from app.teams limit 1 \gset
begin;
insert into app.profiles (profile_type, first_name) values ('patient', 'New') returning profile_id as person \gset
insert into app.patients (profile_id, doctor_id) values (:person, :doctor) returning patient_id as patient \gset
insert into app.cases (patient_id, doctor_id) values (:patient, :doctor);
insert into app.orders (patient_id, doctor_id, status) values (:patient, :doctor, 'submitted')
    returning order_id as order_made \gset
insert into app.jaws (order_id, product_id, side) values (:order_made, :product, 'upper'), (:order_made, :product, 'lower');
insert into app.tasks (order_id, template_id) values (:order_made, :template);
insert into app.payments (order_id, patient_id, amount, subtotal_amount) values (:order_made, :patient, 1200, 1200)
    returning payment_id as payment \gset
insert into app.payment_items (payment_id, product_id, total_amount) values (:payment, :product, 700), (:payment, :product, 500);
insert into app.messages (author_profile_id, target_patient_id, body) values (:person, :patient, 'When is it ready?');
insert into app.notifications (recipient_profile_id, template_name) values (:recipient, 'order_submitted');
commit;
select * from app.notifications where recipient_profile_id = :recipient and not is_read order by created_at desc limit 20;
select * from app.tasks inner join app.templates using (template_id) where order_id = :order_made;
select * from app.patients inner join app.profiles using (profile_id) where doctor_id = :doctor limit 50;
select messages.* from app.messages inner join app.orders on patient_id = target_patient_id where order_id = :order_made;
select * from app.payments inner join app.payments_computed using (payment_id) where order_id = :order_made;
begin;
update app.tasks set status = 'completed', done_at = now() where order_id = :order_made;
insert into app.payment_operations (payment_id, operation_type, amount) values (:payment, 'payment', 1200);
update app.payments set is_paid = true, paid_amount = amount where payment_id = :payment;
update app.orders set status = 'shipped', shipped_at = now(), updated_at = now() where order_id = :order_made;
insert into app.shipments (order_id, tracking_number, carrier) values (:order_made, concat('T', cast(:order_made as text)), 'UPS');
update app.notifications set is_read = true where recipient_profile_id = :recipient and not is_read;
commit;
begin;
insert into app.profiles (profile_type) values ('staff') returning profile_id as colleague \gset
insert into app.team_members (team_id, profile_id) values (:team, :colleague);
commit;
