with

source as (

    select * from {{ source('dispatch', 'dispatch_template_view_groups') }}

),

renamed as (

    select

        ---------- ids
        id as legacy_template_view_groups_id,
        template_id as legacy_template_id,
        group_id as legacy_group_id

    from source

)

select * from renamed
