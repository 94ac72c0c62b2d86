with

source as (

    select * from {{ source('dispatch', 'dispatch_product_roles') }}

),

renamed as (

    select

        ---------- ids
        id as legacy_product_roles_id,
        product_id as legacy_product_id,
        role_id as legacy_role_id

    from source

)

select * from renamed
