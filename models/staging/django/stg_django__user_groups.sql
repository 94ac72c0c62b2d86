with

source as (

    select * from {{ source('django', 'auth_user_groups') }}

),

renamed as (

    select

        ---------- ids
        id as legacy_user_groups_id,
        user_id as legacy_user_id,
        group_id as legacy_group_id

    from source

)

select * from renamed
