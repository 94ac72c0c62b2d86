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
        cast({{ adapter.quote('text') }} as {{ dbt.type_string() }}) as text,

        ---------- timestamps
        {{ legacy_time('created_at') }} as created_at

    from source

)

select * from renamed
