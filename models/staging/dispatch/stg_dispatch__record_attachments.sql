with

source as (

    select * from {{ source('dispatch', 'dispatch_record_attachments') }}

),

renamed as (

    select

        ---------- ids
        id as legacy_record_attachments_id,
        record_id as legacy_record_id,
        file_id as legacy_file_id

    from source

)

select * from renamed
