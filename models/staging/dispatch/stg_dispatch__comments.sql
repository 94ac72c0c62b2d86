with

source as (

    select * from {{ source('dispatch', 'dispatch_comment') }}

),

renamed as (

    select

        ---------- ids
        id as legacy_comment_id,
        author_id as legacy_author_user_id,
        plan_id as legacy_plan_id,

        ---------- text
        {{ verbatim_text(adapter.quote('text')) }} as text,

        ---------- timestamps
        {{ legacy_time('created_at') }} as created_at

    from source

)

select * from renamed
