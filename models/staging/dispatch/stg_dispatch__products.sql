with

source as (

    select * from {{ source('dispatch', 'dispatch_product') }}

),

renamed as (

    select

        ---------- ids
        id as legacy_product_id,
        course_id as legacy_course_id,

        ---------- codes
        type as type_code,

        ---------- text
        {{ clean_text('name') }} as name,
        {{ verbatim_text('description') }} as description,
        {{ verbatim_text('customization') }} as customization_json,

        ---------- booleans
        free as is_free,
        deleted as is_deleted,
        substitute as is_substitute

    from source

)

select * from renamed
