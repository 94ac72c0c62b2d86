with

source as (

    select * from {{ source('django', 'auth_group_permissions') }}

),

renamed as (

    select

        ---------- ids
        id as legacy_group_permissions_id,
        group_id as legacy_group_id,
        permission_id as legacy_permission_id

    from source

)

select * from renamed
