with

source as (

    select * from {{ source('dispatch', 'dispatch_storage') }}

),

renamed as (

    select

        ---------- ids
        id as legacy_storage_id,

        ---------- text
        {{ clean_text('name') }} as name,
        {{ clean_text('address') }} as address,

        ---------- numerics
        port,
        disk_free as disk_free_bytes,
        disk_total as disk_total_bytes

    from source

)

select * from renamed
