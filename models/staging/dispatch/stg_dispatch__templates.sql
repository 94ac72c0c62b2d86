with

source as (

    select * from {{ source('dispatch', 'dispatch_template') }}

),

renamed as (

    select

        ---------- ids
        id as legacy_template_id,
        category_id as legacy_category_id,

        ---------- codes
        {{ adapter.quote('function') }} as function_code,
        status as status_code,

        ---------- text
        {{ clean_text('task_name') }} as task_name,
        {{ clean_text('action_name') }} as action_name,
        {{ clean_text('text_name') }} as text_name,
        {{ clean_text('extensions') }} as extensions,

        ---------- numerics
        duration as duration_minutes,
        alerts,

        ---------- booleans
        predefined as is_predefined,
        read_only as is_read_only,
        separate as is_separate

    from source

)

select * from renamed
