{% macro migrated_entities() -%}
    {#- What is migrated, in the order in which it is reported: the mart, the legacy table it counts, the column that holds
        the legacy id. The triaged model is int_<entity>__triaged. `whole_table` is false where only some rows of the legacy
        table concern the entity. -#}
    {%- set entities = [] -%}
    {%- for phase, entity, source, legacy_table, legacy_id, whole_table in [
        ('Phase 7', 'payments', 'dispatch', 'dispatch_payment', 'legacy_payment_id', true),
        ('Phase 7', 'payment_operations', 'dispatch', 'dispatch_operation', 'legacy_operation_id', true),
        ('Phase 7', 'template_products', 'dispatch', 'dispatch_template_products', 'legacy_template_products_id', true),
        ('Phase 7', 'template_view_groups', 'dispatch', 'dispatch_template_view_groups', 'legacy_template_view_groups_id', true),
        ('Phase 7', 'technicians', 'dispatch', 'dispatch_role', 'legacy_role_id', false),
        ('Phase 7', 'shipments', 'dispatch', 'dispatch_instruction', 'legacy_instruction_id', false),
        ('Phase 7', 'teams', 'django', 'auth_group', 'legacy_group_id', true),
        ('Phase 7', 'team_communications', 'dispatch', 'dispatch_note', 'legacy_note_id', true),
        ('Phases 1-6', 'roles', 'dispatch', 'dispatch_role', 'legacy_role_id', true),
        ('Phases 1-6', 'role_permissions', 'dispatch', 'dispatch_role_permissions', 'legacy_role_permissions_id', true),
        ('Phases 1-6', 'payment_items', 'dispatch', 'dispatch_ware', 'legacy_ware_id', true),
        ('Phases 1-6', 'storages', 'dispatch', 'dispatch_storage', 'legacy_storage_id', true),
        ('Phases 1-6', 'templates', 'dispatch', 'dispatch_template', 'legacy_template_id', true),
        ('Phases 1-6', 'template_edit_roles', 'dispatch', 'dispatch_template_edit_roles', 'legacy_template_edit_roles_id', true),
        ('Phases 1-6', 'template_view_roles', 'dispatch', 'dispatch_template_view_roles', 'legacy_template_view_roles_id', true),
        (
            'Phases 1-6', 'template_predecessors', 'dispatch', 'dispatch_template_predecessors',
            'legacy_template_predecessors_id', true,
        ),
        ('People', 'profiles', 'django', 'auth_user', 'legacy_user_id', true),
        ('People', 'patients', 'dispatch', 'dispatch_patient', 'legacy_patient_id', true),
        ('People', 'doctors', 'dispatch', 'dispatch_doctorsetting', 'legacy_doctorsetting_id', true),
        ('People', 'offices', 'dispatch', 'dispatch_office', 'legacy_office_id', true),
        ('People', 'doctor_offices', 'dispatch', 'dispatch_office_doctors', 'legacy_office_doctors_id', true),
        ('Medical records', 'cases', 'dispatch', 'dispatch_patient', 'legacy_patient_id', true),
        ('Medical records', 'orders', 'dispatch', 'dispatch_instruction', 'legacy_instruction_id', true),
        ('Medical records', 'order_events', 'dispatch', 'dispatch_state', 'legacy_state_id', true),
        ('Medical records', 'jaws', 'dispatch', 'dispatch_jaw', 'legacy_jaw_id', true),
        ('Medical records', 'projects', 'dispatch', 'dispatch_project', 'legacy_project_id', true),
        ('Medical records', 'treatment_plans', 'dispatch', 'dispatch_plan', 'legacy_plan_id', true),
        ('Medical records', 'treatment_discussions', 'dispatch', 'dispatch_comment', 'legacy_comment_id', true),
        ('Medical records', 'tasks', 'dispatch', 'dispatch_task', 'legacy_task_id', true),
        ('Catalogue', 'categories', 'dispatch', 'dispatch_category', 'legacy_category_id', true),
        ('Catalogue', 'courses', 'dispatch', 'dispatch_course', 'legacy_course_id', true),
        ('Catalogue', 'products', 'dispatch', 'dispatch_product', 'legacy_product_id', true),
        ('Communication', 'messages', 'dispatch', 'dispatch_record', 'legacy_record_id', true),
        ('Communication', 'doctor_notes', 'dispatch', 'dispatch_note', 'legacy_note_id', true),
        ('Communication', 'files', 'dispatch', 'dispatch_file', 'legacy_file_id', true),
        ('Communication', 'notifications', 'dispatch', 'dispatch_notification', 'legacy_notification_id', true),
        ('Access', 'permissions', 'django', 'auth_permission', 'legacy_permission_id', true),
        ('Access', 'team_members', 'django', 'auth_user_groups', 'legacy_user_groups_id', true),
        ('Access', 'team_permissions', 'django', 'auth_group_permissions', 'legacy_group_permissions_id', true),
    ] -%}
        {%- do entities.append({
            'phase': phase, 'entity': entity, 'source': source, 'legacy_table': legacy_table,
            'legacy_id': legacy_id, 'whole_table': whole_table,
        }) -%}
    {%- endfor -%}
    {{ return(entities) }}
{%- endmacro %}
