with

tasks as (
    {{ numbered_duplicates(ref('stg_dispatch__tasks'), ['legacy_task_id']) }}
),

orders as (
    select * from {{ ref('int_orders__dispositions') }}
),

templates as (
    select * from {{ ref('templates') }}
),

treatment_plans as (
    select * from {{ ref('treatment_plans') }}
),

profiles as (
    select * from {{ ref('profiles') }}
),

jaw_sides as (
    select * from {{ ref('jaw_sides') }}
),

reasoned as (
    select
        tasks.*,
        orders.order_id,
        templates.template_id,
        treatment_plans.treatment_plan_id,
        profiles.profile_id,
        {{ decoded('tasks.jaw_code', 'jaw_sides.side') }} as jaw_side,
        case
            when tasks.legacy_task_id is null then 'legacy_id_not_given'
            when tasks.occurrence > 1 then 'duplicate_legacy_id'
            when tasks.legacy_instruction_id is null then 'instruction_not_given'
            when orders.legacy_instruction_id is null then 'order_not_found'
            when orders.reason is not null then orders.reason
            when templates.template_id is null then 'template_not_found'
            when {{ any_missing(['tasks.is_checked']) }} then 'required_value_missing'
            when {{ any_out_of_range(
                dates=['tasks.done_at'],
                integers=['tasks.legacy_task_id', 'tasks.legacy_file_id'],
            ) }} then 'value_out_of_range'
        end as reason
    from tasks
    left join orders on tasks.legacy_instruction_id = orders.legacy_instruction_id
    left join templates on tasks.legacy_template_id = templates.legacy_template_id
    left join treatment_plans on tasks.legacy_plan_id = treatment_plans.legacy_plan_id
    left join profiles on tasks.legacy_actor_user_id = profiles.legacy_user_id
    left join jaw_sides on tasks.jaw_code = jaw_sides.jaw_code
)

select
    {{ entity_key('tasks', 'legacy_task_id') }} as task_id,
    legacy_task_id,
    legacy_instruction_id,
    legacy_template_id,
    legacy_plan_id,
    legacy_actor_user_id,
    legacy_file_id,
    order_id,
    template_id,
    treatment_plan_id,
    profile_id as actor_profile_id,
    case
        when is_checked then 'completed'
        when done_at is not null then 'in_progress'
        else 'pending'
    end as status,
    jaw_side,
    text as body,
    done_at,
    {{ disposition('reason') }} as disposition,
    reason
from reasoned
