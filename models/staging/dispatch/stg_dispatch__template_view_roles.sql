with

source as (

    select * from {{ source('dispatch', 'dispatch_template_view_roles') }}

),

renamed as (

    select

        ---------- ids
        id as legacy_template_view_roles_id,
        template_id as legacy_template_id,
        role_id as legacy_role_id

    from source

)

select * from renamed
