with

source as (

    select * from {{ source('dispatch', 'dispatch_template_products') }}

),

renamed as (

    select

        ---------- ids
        id as legacy_template_products_id,
        template_id as legacy_template_id,
        product_id as legacy_product_id

    from source

)

select * from renamed
