{#- Columns of the marts and of the legacy tables. Codes, references and free texts are compared by equals_legacy. -#}
{%- set compared = {
    'cases': {'opened_at': 'submitted_at', 'updated_at': 'updated_at'},
    'doctor_notes': {'created_at': 'created_at'},
    'doctors': {
        'credit': 'credit', 'installment_payments': 'installment_payments', 'tier_finish_date': 'tier_finish',
        'has_promised_payment': 'promised_payment', 'is_company_account': 'company_account',
        'baa_agreed_at': 'baa_agreed_at', 'eula_agreed_at': 'eula_agreed_at',
    },
    'files': {'created_at': 'created_at'},
    'jaws': {'is_labial': 'labial'},
    'messages': {'is_public': '"public"', 'created_at': 'created_at'},
    'notifications': {
        'is_read': '"read"', 'is_to_be_emailed': 'send', 'is_emailed': 'sent', 'created_at': 'created_at',
    },
    'offices': {'tax_rate * 100': 'tax_rate', 'has_emails_enabled': 'emails'},
    'order_events': {'is_on': '"on"', 'changed_at': 'changed_at'},
    'orders': {
        'price': 'price', 'is_comprehensive': 'comprehensive', 'has_cbct': 'cbct',
        'is_extraction_accepted': 'accept_extraction', 'submitted_at': 'submitted_at', 'updated_at': 'updated_at',
    },
    'patients': {
        'birth_date': 'birthdate', 'is_archived': 'archived', 'is_suspended': 'suspended',
        'submitted_at': 'submitted_at', 'updated_at': 'updated_at',
    },
    'payment_items': {
        'is_free': 'free', 'base_amount': 'base_price', 'doctor_amount': 'doctor_price',
        'global_amount': 'global_price', 'discount_amount': 'discount', 'total_amount': '"total"',
    },
    'payment_operations': {
        'amount': 'price', 'attempts': 'attempts', 'is_office_card': 'office_card', 'made_at': 'made_at',
    },
    'payments': {
        'amount': 'total_price', 'paid_amount': 'paid_price', 'subtotal_amount': 'subtotal_price',
        'tax_amount': 'tax_value', 'tax_rate * 100': 'tax_rate', 'additional_amount': 'additional_price',
        'used_credit_amount': 'used_credit', 'custom_amount': 'custom_price', 'is_free': 'free',
        'is_cancelled': 'canceled', 'is_paid': 'paid', 'is_netsuite': 'netsuite', 'made_at': 'made_at',
    },
    'products': {'is_free': 'free', 'is_substitute': 'substitute'},
    'profiles': {
        'is_superuser': 'is_superuser', 'is_staff': 'is_staff', 'is_active': 'is_active', 'joined_at': 'date_joined',
        'last_login_at': 'last_login',
    },
    'projects': {'is_public': '"public"', 'created_at': 'created_at'},
    'tasks': {'done_at': 'done_at'},
    'team_communications': {'created_at': 'created_at'},
    'templates': {'is_predefined': 'predefined', 'is_read_only': 'read_only', 'is_separate': 'separate'},
    'treatment_discussions': {'created_at': 'created_at'},
    'treatment_plans': {'is_original': 'original'},
} -%}
{%- for each in migrated_entities() if each.entity in compared %}
select
    '{{ each.entity }}' as entity,
    mart.{{ each.legacy_id }} as legacy_id
from (select * from {{ ref(each.entity) }}) as mart
where
    not exists (
        select 1
        from (select * from {{ source(each.source, each.legacy_table) }}) as legacy
        where
            legacy.id = mart.{{ each.legacy_id }}
            {%- for column, legacy_column in compared[each.entity].items() %}
            and mart.{{ column }} is not distinct from legacy.{{ legacy_column }}
            {%- endfor %}
    )
{{ 'union all' if not loop.last }}
{%- endfor %}
