with

source as (

    select * from {{ source('django', 'auth_user_user_permissions') }}

),

renamed as (

    select

        ---------- ids
        id as legacy_user_user_permissions_id,
        user_id as legacy_user_id,
        permission_id as legacy_permission_id

    from source

)

select * from renamed
