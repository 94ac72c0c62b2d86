with

source as (

    select * from {{ source('dispatch', 'dispatch_file') }}

),

renamed as (

    select

        ---------- ids
        id as legacy_file_id,
        uid,
        instruction_id as legacy_instruction_id,
        record_id as legacy_record_id,

        ---------- codes
        type as type_code,
        status as status_code,

        ---------- text
        {{ clean_text('name') }} as name,
        {{ clean_text('ext') }} as ext,
        {{ verbatim_text('parameters') }} as parameters_json,

        ---------- numerics
        size as size_bytes,

        ---------- timestamps
        {{ legacy_time('created_at') }} as created_at

    from source

)

select * from renamed
