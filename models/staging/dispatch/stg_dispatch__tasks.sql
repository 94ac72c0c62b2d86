with

source as (

    select * from {{ source('dispatch', 'dispatch_task') }}

),

renamed as (

    select

        ---------- ids
        id as legacy_task_id,
        template_id as legacy_template_id,
        instruction_id as legacy_instruction_id,
        plan_id as legacy_plan_id,
        actor_id as legacy_actor_user_id,
        file_id as legacy_file_id,

        ---------- codes
        jaw as jaw_code,

        ---------- text
        {{ verbatim_text(adapter.quote('text')) }} as text,

        ---------- booleans
        checked as is_checked,

        ---------- timestamps
        {{ legacy_time('done_at') }} as done_at

    from source

)

select * from renamed
