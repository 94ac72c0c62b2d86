with

settings as (
    {{ numbered_duplicates(ref('stg_dispatch__doctorsettings'), ['legacy_doctorsetting_id']) }}
),

profiles as (
    select * from {{ ref('profiles') }}
),

referenced as (
    select
        settings.*,
        profiles.profile_id
    from settings
    left join profiles on settings.legacy_user_id = profiles.legacy_user_id
),

checked as (
    select
        *,
        case
            when legacy_doctorsetting_id is null then 'legacy_id_not_given'
            when occurrence > 1 then 'duplicate_legacy_id'
            when profile_id is null then 'profile_not_migrated'
            when {{ any_missing(['has_promised_payment', 'credit', 'installment_payments', 'is_company_account']) }}
                then 'required_value_missing'
            when {{ any_out_of_range(
                dates=['baa_agreed_at', 'eula_agreed_at'],
                days=['tier_finish_date'],
                amounts=['credit'],
                integers=['legacy_doctorsetting_id', 'tier_type_code', 'installment_payments'],
            ) }} then 'value_out_of_range'
        end as own_reason
    from referenced
),

-- Only valid rows are compared for the same user: an invalid second record must not reject the valid one.
reasoned as (
    select
        *,
        case
            when own_reason is not null then own_reason
            when {{ occurrence_number('checked', ['legacy_user_id', 'own_reason']) }} > 1 then 'duplicate_natural_key'
        end as reason
    from checked
)

select
    -- The rest of the legacy database identifies a doctor by the user id, so the key is made from it.
    {{ entity_key('doctors', 'legacy_user_id') }} as doctor_id,
    legacy_doctorsetting_id,
    legacy_user_id,
    profile_id,
    'DOC-' || {{ zero_padded('legacy_user_id', 6) }} as doctor_number,
    clinical_preferences,
    credit,
    tier_type_code as legacy_tier_type,
    tier_finish_date,
    installment_payments,
    has_promised_payment,
    is_company_account,
    sq_customer_id as square_customer_id,
    baa_agreed_at,
    eula_agreed_at,
    {{ disposition('reason') }} as disposition,
    reason
from reasoned
