with

states as (
    {{ numbered_duplicates(ref('stg_dispatch__states'), ['legacy_state_id']) }}
),

orders as (
    select * from {{ ref('int_orders__dispositions') }}
),

profiles as (
    select * from {{ ref('profiles') }}
),

event_types as (
    select * from {{ ref('order_event_types') }}
),

reasoned as (
    select
        states.*,
        orders.order_id,
        profiles.profile_id,
        {{ decoded('states.status_code', 'event_types.event_type') }} as event_type,
        case
            when states.legacy_state_id is null then 'legacy_id_not_given'
            when states.occurrence > 1 then 'duplicate_legacy_id'
            when states.legacy_instruction_id is null then 'instruction_not_given'
            when orders.legacy_instruction_id is null then 'order_not_found'
            when orders.reason is not null then orders.reason
            when {{ any_missing(['states.status_code', 'states.is_on', 'states.changed_at']) }}
                then 'required_value_missing'
            when {{ any_out_of_range(
                dates=['states.changed_at'],
                integers=['states.legacy_state_id', 'states.legacy_actor_user_id', 'states.status_code'],
            ) }} then 'value_out_of_range'
        end as reason
    from states
    left join orders on states.legacy_instruction_id = orders.legacy_instruction_id
    left join profiles on states.legacy_actor_user_id = profiles.legacy_user_id
    left join event_types on states.status_code = event_types.status_code
)

select
    {{ entity_key('order_events', 'legacy_state_id') }} as order_event_id,
    legacy_state_id,
    legacy_instruction_id,
    legacy_actor_user_id,
    order_id,
    profile_id as actor_profile_id,
    event_type,
    status_code as legacy_status,
    is_on,
    changed_at,
    {{ disposition('reason') }} as disposition,
    reason
from reasoned
