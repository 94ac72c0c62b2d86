with

source as (

    select * from {{ source('dispatch', 'dispatch_instruction') }}

),

renamed as (

    select

        ---------- ids
        id as legacy_instruction_id,
        patient_id as legacy_patient_id,
        course_id as legacy_course_id,
        upper_jaw_id as legacy_upper_jaw_id,
        lower_jaw_id as legacy_lower_jaw_id,

        ---------- codes
        {{ adapter.quote('model') }} as model_code,
        scanner as scanner_code,
        status as status_code,

        ---------- text
        {{ verbatim_text('scanner_notes') }} as scanner_notes,
        {{ verbatim_text('notes') }} as notes,
        {{ verbatim_text('complaint') }} as complaint,
        {{ verbatim_text('objective') }} as objective,
        {{ verbatim_text('conditions') }} as conditions,
        {{ verbatim_text('exports') }} as exports_json,
        {{ clean_text('suffix') }} as suffix,

        ---------- numerics
        {{ adapter.quote('order') }} as sort_order,
        cast(price as {{ type_any_numeric() }}) as price,

        ---------- booleans
        cbct as has_cbct,
        accept_extraction as is_extraction_accepted,
        comprehensive as is_comprehensive,
        deleted as is_deleted,

        ---------- timestamps
        {{ legacy_time('submitted_at') }} as submitted_at,
        {{ legacy_time('updated_at') }} as updated_at

    from source

)

select * from renamed
