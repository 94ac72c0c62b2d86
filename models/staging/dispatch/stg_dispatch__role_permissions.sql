with

source as (

    select * from {{ source('dispatch', 'dispatch_role_permissions') }}

),

renamed as (

    select

        ---------- ids
        id as legacy_role_permissions_id,
        role_id as legacy_role_id,
        permission_id as legacy_permission_id

    from source

)

select * from renamed
