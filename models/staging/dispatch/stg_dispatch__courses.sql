with

source as (

    select * from {{ source('dispatch', 'dispatch_course') }}

),

renamed as (

    select

        ---------- ids
        id as legacy_course_id,

        ---------- codes
        type as type_code,

        ---------- text
        {{ clean_text('name') }} as name,
        {{ verbatim_text('customization') }} as customization_json

    from source

)

select * from renamed
