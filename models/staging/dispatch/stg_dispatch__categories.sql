with

source as (

    select * from {{ source('dispatch', 'dispatch_category') }}

),

renamed as (

    select

        ---------- ids
        id as legacy_category_id,
        parent_id as legacy_parent_category_id,

        ---------- text
        {{ clean_text('name') }} as name

    from source

)

select * from renamed
