select
    doctor_id,
    legacy_doctorsetting_id,
    legacy_user_id,
    profile_id,
    doctor_number,
    clinical_preferences,
    credit,
    legacy_tier_type,
    tier_finish_date,
    installment_payments,
    has_promised_payment,
    is_company_account,
    square_customer_id,
    baa_agreed_at,
    eula_agreed_at
from {{ ref('int_doctors__triaged') }}
where disposition = 'migrated'
