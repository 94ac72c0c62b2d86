with

source as (

    select * from {{ source('dispatch', 'dispatch_ware') }}

),

renamed as (

    select

        ---------- ids
        id as legacy_ware_id,
        payment_id as legacy_payment_id,
        product_id as legacy_product_id,

        ---------- text
        {{ clean_text('name') }} as name,
        {{ verbatim_text('description') }} as description,
        {{ clean_text('discount_reason') }} as discount_reason,

        ---------- numerics
        quantity,
        cast(base_price as {{ type_any_numeric() }}) as base_price,
        cast(doctor_price as {{ type_any_numeric() }}) as doctor_price,
        cast(global_price as {{ type_any_numeric() }}) as global_price,
        discount_percent,
        cast(discount as {{ type_any_numeric() }}) as discount,
        cast({{ adapter.quote('total') }} as {{ type_any_numeric() }}) as total,

        ---------- booleans
        free as is_free

    from source

)

select * from renamed
