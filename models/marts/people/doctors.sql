select
    doctor_id,
    cast(legacy_doctorsetting_id as integer) as legacy_doctorsetting_id,
    cast(legacy_user_id as integer) as legacy_user_id,
    profile_id,
    doctor_number,
    clinical_preferences,
    cast(credit as numeric(12, 2)) as credit,
    cast(legacy_tier_type as integer) as legacy_tier_type,
    cast(tier_finish_date as date) as tier_finish_date,
    cast(installment_payments as integer) as installment_payments,
    has_promised_payment,
    is_company_account,
    square_customer_id,
    baa_agreed_at,
    eula_agreed_at
from {{ ref('int_doctors__triaged') }}
where disposition = 'migrated'
