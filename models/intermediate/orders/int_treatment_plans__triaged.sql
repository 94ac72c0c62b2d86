with

plans as (
    {{ numbered_duplicates(ref('stg_dispatch__plans'), ['legacy_plan_id']) }}
),

orders as (
    select * from {{ ref('int_orders__dispositions') }}
),

projects as (
    select * from {{ ref('projects') }}
),

reasoned as (
    select
        plans.*,
        orders.order_id,
        projects.project_id,
        case
            when plans.legacy_plan_id is null then 'legacy_id_not_given'
            when plans.occurrence > 1 then 'duplicate_legacy_id'
            when plans.legacy_instruction_id is null then 'instruction_not_given'
            when orders.legacy_instruction_id is null then 'order_not_found'
            when orders.reason is not null then orders.reason
            when projects.project_id is null then 'project_not_migrated'
            when {{ any_missing(['plans.is_original']) }} then 'required_value_missing'
            when {{ any_out_of_range(integers=['plans.legacy_plan_id', 'plans.number']) }} then 'value_out_of_range'
        end as reason
    from plans
    left join orders on plans.legacy_instruction_id = orders.legacy_instruction_id
    left join projects on plans.legacy_project_id = projects.legacy_project_id
)

select
    {{ entity_key('treatment_plans', 'legacy_plan_id') }} as treatment_plan_id,
    legacy_plan_id,
    legacy_instruction_id,
    legacy_project_id,
    order_id,
    project_id,
    name as plan_name,
    number as plan_number,
    notes,
    is_original,
    {{ disposition('reason') }} as disposition,
    reason
from reasoned
