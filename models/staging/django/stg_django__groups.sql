with

source as (

    select * from {{ source('django', 'auth_group') }}

),

renamed as (

    select

        ---------- ids
        id as legacy_group_id,

        ---------- text
        {{ clean_text('name') }} as name

    from source

)

select * from renamed
