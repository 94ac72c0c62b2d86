-- Drops the helpers; only the legacy tables stay.
drop table
gen_count, gen_permission, gen_specialty, gen_technician, gen_user, gen_email, gen_region, gen_country, gen_office,
gen_doctor, gen_lost_doctor, gen_patient, gen_product, gen_template, gen_order, gen_jaw, gen_project, gen_plan,
gen_payment, gen_stray_payment, gen_payment_id, gen_record, gen_kept_record, gen_linked_record, gen_offer;

drop function
how_many, kept_patients, clean_orders, dice, low_dice, scaled, shuffled, one_of, moment, seconds_at, world_end, later,
days, doctors_by, patients_by, patient_id, order_id, plan_id, payment_id, record_id, file_id, random_uuid,
random_code, soiled, phrase, first_names, last_names;
