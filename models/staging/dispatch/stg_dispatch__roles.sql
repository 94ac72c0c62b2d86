with

source as (

    select * from {{ source('dispatch', 'dispatch_role') }}

),

renamed as (

    select

        ---------- ids
        id as legacy_role_id,
        user_id as legacy_user_id,
        group_id as legacy_group_id,

        ---------- codes
        type as type_code,

        ---------- text
        {{ clean_text('name') }} as name,
        {{ clean_text('abbrev') }} as abbrev,

        ---------- numerics
        {{ adapter.quote('order') }} as sort_order

    from source

)

select * from renamed
