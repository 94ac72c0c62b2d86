with

source as (

    select * from {{ source('dispatch', 'dispatch_record') }}

),

renamed as (

    select

        ---------- ids
        id as legacy_record_id,
        target_id as legacy_target_id,
        target_type_id as legacy_target_content_type_id,
        author_id as legacy_author_user_id,
        group_id as legacy_group_id,

        ---------- codes
        type as type_code,

        ---------- text
        {{ verbatim_text(adapter.quote('text')) }} as text,

        ---------- booleans
        {{ adapter.quote('public') }} as is_public,

        ---------- timestamps
        {{ legacy_time('created_at') }} as created_at

    from source

)

select * from renamed
