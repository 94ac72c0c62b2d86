with

source as (

    select * from {{ source('dispatch', 'dispatch_note') }}

),

renamed as (

    select

        ---------- ids
        id as legacy_note_id,
        author_id as legacy_author_user_id,
        doctor_id as legacy_doctor_user_id,

        ---------- text
        {{ verbatim_text(adapter.quote('text')) }} as text,

        ---------- timestamps
        {{ legacy_time('created_at') }} as created_at

    from source

)

select * from renamed
