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
        {{ verbatim_text('installments') }} as installments_json,

        ---------- numerics
        cast(tax_rate as {{ type_any_numeric() }}) as tax_percent,
        cast(tax_value as {{ type_any_numeric() }}) as tax_value,
        cast(paid_price as {{ type_any_numeric() }}) as paid_price,
        cast(subtotal_price as {{ type_any_numeric() }}) as subtotal_price,
        cast(total_price as {{ type_any_numeric() }}) as total_price,
        cast(additional_price as {{ type_any_numeric() }}) as additional_price,
        cast(used_credit as {{ type_any_numeric() }}) as used_credit,
        cast(custom_price as {{ type_any_numeric() }}) as custom_price,

        ---------- booleans
        free as is_free,
        canceled as is_cancelled,
        paid as is_paid,
        netsuite as is_netsuite,

        ---------- timestamps
        {{ legacy_time('made_at') }} as made_at

    from source

)

select * from renamed
