with

source as (

    select * from {{ source('dispatch', 'dispatch_doctorsetting') }}

),

renamed as (

    select

        ---------- ids
        id as legacy_doctorsetting_id,
        user_id as legacy_user_id,
        {{ clean_text('sq_customer_id') }} as sq_customer_id,

        ---------- codes
        tier_type as tier_type_code,

        ---------- text
        {{ verbatim_text('clinical_preferences') }} as clinical_preferences,

        ---------- numerics
        cast(credit as {{ type_any_numeric() }}) as credit,
        installment_payments,

        ---------- booleans
        promised_payment as has_promised_payment,
        company_account as is_company_account,

        ---------- dates and timestamps
        tier_finish as tier_finish_date,
        {{ legacy_time('baa_agreed_at') }} as baa_agreed_at,
        {{ legacy_time('eula_agreed_at') }} as eula_agreed_at

    from source

)

select * from renamed
