with

source as (

    select * from {{ source('dispatch', 'dispatch_project') }}

),

renamed as (

    select

        ---------- ids
        id as legacy_project_id,
        uid,
        creator_id as legacy_creator_user_id,

        ---------- codes
        type as type_code,
        status as status_code,

        ---------- text
        {{ clean_text('name') }} as name,

        ---------- numerics
        size as size_bytes,

        ---------- booleans
        {{ adapter.quote('public') }} as is_public,

        ---------- timestamps
        {{ legacy_time('created_at') }} as created_at

    from source

)

select * from renamed
