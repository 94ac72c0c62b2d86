with

source as (

    select * from {{ source('dispatch', 'dispatch_template_predecessors') }}

),

renamed as (

    select

        ---------- ids
        id as legacy_template_predecessors_id,
        from_template_id as legacy_from_template_id,
        to_template_id as legacy_to_template_id

    from source

)

select * from renamed
