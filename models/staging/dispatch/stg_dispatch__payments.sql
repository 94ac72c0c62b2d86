with

source as (

    select * from {{ source('dispatch', 'dispatch_payment') }}

),

renamed as (

    select

        ---------- ids
        id as legacy_payment_id,
        instruction_id as legacy_instruction_id,
        doctor_id as legacy_doctor_user_id,
        office_id as legacy_office_id,

        ---------- text
        cast(installments as text) as installments_json,

        ---------- numerics
        cast(tax_rate as numeric) as tax_percent,
        cast(tax_value as numeric) as tax_value,
        cast(paid_price as numeric) as paid_price,
        cast(subtotal_price as numeric) as subtotal_price,
        cast(total_price as numeric) as total_price,
        cast(additional_price as numeric) as additional_price,
        cast(used_credit as numeric) as used_credit,
        cast(custom_price as numeric) as custom_price,

        ---------- booleans
        free as is_free,
        canceled as is_cancelled,
        paid as is_paid,
        netsuite as is_netsuite,

        ---------- timestamps
        cast(made_at as timestamp with time zone) as made_at

    from source

)

select * from renamed
