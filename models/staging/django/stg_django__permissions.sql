with

source as (

    select * from {{ source('django', 'auth_permission') }}

),

renamed as (

    select

        ---------- ids
        id as legacy_permission_id,
        content_type_id as legacy_content_type_id,

        ---------- text
        {{ clean_text('name') }} as name,
        {{ clean_text('codename') }} as codename

    from source

)

select * from renamed
