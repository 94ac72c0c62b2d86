with

source as (

    select * from {{ source('dispatch', 'dispatch_plan') }}

),

renamed as (

    select

        ---------- ids
        id as legacy_plan_id,
        instruction_id as legacy_instruction_id,
        project_id as legacy_project_id,

        ---------- text
        {{ verbatim_text('notes') }} as notes,
        {{ clean_text('name') }} as name,

        ---------- numerics
        number,

        ---------- booleans
        original as is_original

    from source

)

select * from renamed
