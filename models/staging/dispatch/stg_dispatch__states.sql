with

source as (

    select * from {{ source('dispatch', 'dispatch_state') }}

),

renamed as (

    select

        ---------- ids
        id as legacy_state_id,
        actor_id as legacy_actor_user_id,
        instruction_id as legacy_instruction_id,

        ---------- codes
        status as status_code,

        ---------- booleans
        {{ adapter.quote('on') }} as is_on,

        ---------- timestamps
        {{ legacy_time('changed_at') }} as changed_at

    from source

)

select * from renamed
