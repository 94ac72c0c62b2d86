with

source as (

    select * from {{ source('dispatch', 'dispatch_product_successors') }}

),

renamed as (

    select

        ---------- ids
        id as legacy_product_successors_id,
        from_product_id as legacy_from_product_id,
        to_product_id as legacy_to_product_id

    from source

)

select * from renamed
