{% macro migrated_entities() -%}
    {%- set phases = {
        'Phase 7': {
            'payments': 'dispatch_payment',
            'payment_operations': 'dispatch_operation',
            'template_products': 'dispatch_template_products',
            'template_view_groups': 'dispatch_template_view_groups',
            'technicians': 'dispatch_role',
            'shipments': 'dispatch_instruction',
            'teams': 'auth_group',
            'team_communications': 'dispatch_note',
        },
        'Reference data': {
            'roles': 'dispatch_role',
            'role_permissions': 'dispatch_role_permissions',
            'payment_items': 'dispatch_ware',
            'storages': 'dispatch_storage',
        },
        'Template core': {
            'templates': 'dispatch_template',
            'template_edit_roles': 'dispatch_template_edit_roles',
            'template_view_roles': 'dispatch_template_view_roles',
            'template_predecessors': 'dispatch_template_predecessors',
        },
        'People': {
            'profiles': 'auth_user',
            'patients': 'dispatch_patient',
            'doctors': 'dispatch_doctorsetting',
            'offices': 'dispatch_office',
            'doctor_offices': 'dispatch_office_doctors',
        },
        'Medical records': {
            'cases': 'dispatch_patient',
            'orders': 'dispatch_instruction',
            'order_events': 'dispatch_state',
            'jaws': 'dispatch_jaw',
            'projects': 'dispatch_project',
            'treatment_plans': 'dispatch_plan',
            'treatment_discussions': 'dispatch_comment',
            'tasks': 'dispatch_task',
        },
        'Catalogue': {
            'categories': 'dispatch_category',
            'courses': 'dispatch_course',
            'products': 'dispatch_product',
        },
        'Communication': {
            'messages': 'dispatch_record',
            'doctor_notes': 'dispatch_note',
            'files': 'dispatch_file',
            'notifications': 'dispatch_notification',
        },
        'Access': {
            'permissions': 'auth_permission',
            'team_members': 'auth_user_groups',
            'team_permissions': 'auth_group_permissions',
        },
        'Further tables': {
            'user_permissions': 'auth_user_user_permissions',
            'message_attachments': 'dispatch_record_attachments',
            'message_roles': 'dispatch_record_roles',
            'product_roles': 'dispatch_product_roles',
            'product_successors': 'dispatch_product_successors',
            'offers': 'dispatch_offer',
            'discounts': 'dispatch_discount',
        },
    } -%}
    {%- set entities = [] -%}
    {%- for phase, tables in phases.items() -%}
        {%- for entity, legacy_table in tables.items() -%}
            {%- set is_ours = legacy_table.startswith('dispatch_') -%}
            {%- do entities.append({
                'phase': phase,
                'entity': entity,
                'legacy_table': legacy_table,
                'source': 'dispatch' if is_ours else 'django',
                'legacy_id': 'legacy_' ~ legacy_table.removeprefix('dispatch_' if is_ours else 'auth_') ~ '_id',
                'whole_table': entity not in ('technicians', 'shipments'),
                'is_batched': entity == 'notifications',
            }) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(entities) }}
{%- endmacro %}
