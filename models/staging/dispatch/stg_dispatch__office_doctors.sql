with

source as (

    select * from {{ source('dispatch', 'dispatch_office_doctors') }}

),

renamed as (

    select

        ---------- ids
        id as legacy_office_doctors_id,
        office_id as legacy_office_id,
        user_id as legacy_user_id

    from source

)

select * from renamed
