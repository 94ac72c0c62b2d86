-- Keys with their sequences, unique pairs, foreign keys and their indexes, as Django makes them; then statistics.
set timezone to 'UTC';

set maintenance_work_mem to '256MB';

do $$
declare
    table_name text;
    child text;
    child_column text;
    parent text;
    key_columns text;
begin
    for table_name in
        select pg_tables.tablename from pg_tables where pg_tables.schemaname = current_schema() order by 1
    loop
        execute format('alter table %I add primary key (id)', table_name);
        execute format('create sequence %I as integer owned by %I.id', table_name || '_id_seq', table_name);
        execute format('alter table %I alter id set default nextval(%L)', table_name, table_name || '_id_seq');
        execute format('select setval(%L, max(id)) from %I', table_name || '_id_seq', table_name);
    end loop;

    for child, key_columns in
        values
        ('auth_user', 'username'),
        ('auth_group', 'name'),
        ('auth_user_groups', 'user_id, group_id'),
        ('auth_user_user_permissions', 'user_id, permission_id'),
        ('auth_permission', 'content_type_id, codename'),
        ('auth_group_permissions', 'group_id, permission_id'),
        ('django_content_type', 'app_label, model'),
        ('dispatch_role_permissions', 'role_id, permission_id'),
        ('dispatch_office_doctors', 'office_id, user_id'),
        ('dispatch_doctorsetting', 'user_id'),
        ('dispatch_patient', 'user_id'),
        ('dispatch_project', 'uid'),
        ('dispatch_template_products', 'template_id, product_id'),
        ('dispatch_template_predecessors', 'from_template_id, to_template_id'),
        ('dispatch_template_view_groups', 'template_id, group_id'),
        ('dispatch_template_view_roles', 'template_id, role_id'),
        ('dispatch_template_edit_roles', 'template_id, role_id'),
        ('dispatch_record_attachments', 'record_id, file_id'),
        ('dispatch_record_roles', 'record_id, role_id'),
        ('dispatch_product_roles', 'product_id, role_id'),
        ('dispatch_product_successors', 'from_product_id, to_product_id')
    loop
        execute format('alter table %I add unique (%s)', child, key_columns);
    end loop;

    for child, child_column, parent in
        values
        ('auth_user_groups', 'user_id', 'auth_user'),
        ('auth_user_groups', 'group_id', 'auth_group'),
        ('auth_user_user_permissions', 'user_id', 'auth_user'),
        ('auth_user_user_permissions', 'permission_id', 'auth_permission'),
        ('auth_permission', 'content_type_id', 'django_content_type'),
        ('auth_group_permissions', 'group_id', 'auth_group'),
        ('auth_group_permissions', 'permission_id', 'auth_permission'),
        ('dispatch_role', 'user_id', 'auth_user'),
        ('dispatch_role', 'group_id', 'auth_group'),
        ('dispatch_role_permissions', 'role_id', 'dispatch_role'),
        ('dispatch_role_permissions', 'permission_id', 'auth_permission'),
        ('dispatch_office_doctors', 'office_id', 'dispatch_office'),
        ('dispatch_office_doctors', 'user_id', 'auth_user'),
        ('dispatch_doctorsetting', 'user_id', 'auth_user'),
        ('dispatch_patient', 'user_id', 'auth_user'),
        ('dispatch_patient', 'doctor_id', 'auth_user'),
        ('dispatch_patient', 'office_id', 'dispatch_office'),
        ('dispatch_instruction', 'patient_id', 'dispatch_patient'),
        ('dispatch_instruction', 'course_id', 'dispatch_course'),
        ('dispatch_instruction', 'upper_jaw_id', 'dispatch_jaw'),
        ('dispatch_instruction', 'lower_jaw_id', 'dispatch_jaw'),
        ('dispatch_jaw', 'product_id', 'dispatch_product'),
        ('dispatch_state', 'actor_id', 'auth_user'),
        ('dispatch_state', 'instruction_id', 'dispatch_instruction'),
        ('dispatch_product', 'course_id', 'dispatch_course'),
        ('dispatch_plan', 'instruction_id', 'dispatch_instruction'),
        ('dispatch_plan', 'project_id', 'dispatch_project'),
        ('dispatch_project', 'creator_id', 'auth_user'),
        ('dispatch_file', 'instruction_id', 'dispatch_instruction'),
        ('dispatch_file', 'record_id', 'dispatch_record'),
        ('dispatch_payment', 'instruction_id', 'dispatch_instruction'),
        ('dispatch_payment', 'doctor_id', 'auth_user'),
        ('dispatch_payment', 'office_id', 'dispatch_office'),
        ('dispatch_operation', 'payment_id', 'dispatch_payment'),
        ('dispatch_ware', 'payment_id', 'dispatch_payment'),
        ('dispatch_ware', 'product_id', 'dispatch_product'),
        ('dispatch_template', 'category_id', 'dispatch_category'),
        ('dispatch_template_products', 'template_id', 'dispatch_template'),
        ('dispatch_template_products', 'product_id', 'dispatch_product'),
        ('dispatch_template_predecessors', 'from_template_id', 'dispatch_template'),
        ('dispatch_template_predecessors', 'to_template_id', 'dispatch_template'),
        ('dispatch_template_view_groups', 'template_id', 'dispatch_template'),
        ('dispatch_template_view_groups', 'group_id', 'auth_group'),
        ('dispatch_template_view_roles', 'template_id', 'dispatch_template'),
        ('dispatch_template_view_roles', 'role_id', 'dispatch_role'),
        ('dispatch_template_edit_roles', 'template_id', 'dispatch_template'),
        ('dispatch_template_edit_roles', 'role_id', 'dispatch_role'),
        ('dispatch_category', 'parent_id', 'dispatch_category'),
        ('dispatch_task', 'template_id', 'dispatch_template'),
        ('dispatch_task', 'instruction_id', 'dispatch_instruction'),
        ('dispatch_task', 'plan_id', 'dispatch_plan'),
        ('dispatch_task', 'actor_id', 'auth_user'),
        ('dispatch_task', 'file_id', 'dispatch_file'),
        ('dispatch_record', 'target_type_id', 'django_content_type'),
        ('dispatch_record', 'author_id', 'auth_user'),
        ('dispatch_record', 'group_id', 'auth_group'),
        ('dispatch_comment', 'author_id', 'auth_user'),
        ('dispatch_comment', 'plan_id', 'dispatch_plan'),
        ('dispatch_note', 'author_id', 'auth_user'),
        ('dispatch_note', 'doctor_id', 'auth_user'),
        ('dispatch_notification', 'recipient_id', 'auth_user'),
        ('dispatch_notification', 'item_type_id', 'django_content_type'),
        ('dispatch_record_attachments', 'record_id', 'dispatch_record'),
        ('dispatch_record_attachments', 'file_id', 'dispatch_file'),
        ('dispatch_record_roles', 'record_id', 'dispatch_record'),
        ('dispatch_record_roles', 'role_id', 'dispatch_role'),
        ('dispatch_product_roles', 'product_id', 'dispatch_product'),
        ('dispatch_product_roles', 'role_id', 'dispatch_role'),
        ('dispatch_product_successors', 'from_product_id', 'dispatch_product'),
        ('dispatch_product_successors', 'to_product_id', 'dispatch_product'),
        ('dispatch_offer', 'doctor_id', 'auth_user'),
        ('dispatch_offer', 'product_id', 'dispatch_product'),
        ('dispatch_discount', 'offer_id', 'dispatch_offer')
    loop
        execute format(
            'alter table %I add constraint %I foreign key (%I) references %I (id) deferrable initially deferred',
            child, child || '_' || child_column || '_fk', child_column, parent
        );
        execute format('create index %I on %I (%I)', child || '_' || child_column || '_idx', child, child_column);
    end loop;

    for table_name in
        select pg_tables.tablename from pg_tables where pg_tables.schemaname = current_schema() order by 1
    loop
        execute format('analyze %I', table_name);
    end loop;
end
$$;

reset maintenance_work_mem;
