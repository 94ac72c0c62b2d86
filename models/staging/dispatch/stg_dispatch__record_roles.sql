with

source as (

    select * from {{ source('dispatch', 'dispatch_record_roles') }}

),

renamed as (

    select

        ---------- ids
        id as legacy_record_roles_id,
        record_id as legacy_record_id,
        role_id as legacy_role_id

    from source

)

select * from renamed
