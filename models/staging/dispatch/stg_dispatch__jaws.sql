with

source as (

    select * from {{ source('dispatch', 'dispatch_jaw') }}

),

renamed as (

    select

        ---------- ids
        id as legacy_jaw_id,
        product_id as legacy_product_id,

        ---------- codes
        reason as reason_code,

        ---------- text
        {{ clean_text('bond_teeth') }} as bond_teeth,
        {{ clean_text('extract_teeth') }} as extract_teeth,

        ---------- booleans
        labial as is_labial

    from source

)

select * from renamed
