with

source as (

    select * from {{ source('dispatch', 'dispatch_patient') }}

),

renamed as (

    select

        ---------- ids
        id as legacy_patient_id,
        user_id as legacy_user_id,
        doctor_id as legacy_doctor_user_id,
        office_id as legacy_office_id,

        ---------- codes
        sex as sex_code,
        status as status_code,

        ---------- text
        {{ verbatim_text('schemes') }} as schemes_json,
        {{ clean_text('suffix') }} as suffix,

        ---------- booleans
        archived as is_archived,
        suspended as is_suspended,

        ---------- dates and timestamps
        birthdate as birth_date,
        {{ legacy_time('submitted_at') }} as submitted_at,
        {{ legacy_time('updated_at') }} as updated_at

    from source

)

select * from renamed
