with

source as (

    select * from {{ source('dispatch', 'dispatch_offer') }}

),

renamed as (

    select

        ---------- ids
        id as legacy_offer_id,
        doctor_id as legacy_doctor_user_id,
        product_id as legacy_product_id,

        ---------- numerics
        cast(price_both as {{ type_any_numeric() }}) as price_both,
        cast(price_upper as {{ type_any_numeric() }}) as price_upper,
        cast(price_lower as {{ type_any_numeric() }}) as price_lower

    from source

)

select * from renamed
