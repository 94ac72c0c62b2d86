with

comments as (
    {{ numbered_duplicates(ref('stg_dispatch__comments'), ['legacy_comment_id']) }}
),

treatment_plans as (
    select * from {{ ref('treatment_plans') }}
),

profiles as (
    select * from {{ ref('profiles') }}
),

reasoned as (
    select
        comments.*,
        treatment_plans.treatment_plan_id,
        profiles.profile_id,
        case
            when comments.legacy_comment_id is null then 'legacy_id_not_given'
            when comments.occurrence > 1 then 'duplicate_legacy_id'
            when treatment_plans.treatment_plan_id is null then 'treatment_plan_not_migrated'
            when comments.legacy_author_user_id is null then 'author_not_given'
            when profiles.profile_id is null then 'profile_not_migrated'
            when {{ any_missing(['comments.created_at']) }} then 'required_value_missing'
            when {{ any_out_of_range(
                dates=['comments.created_at'],
                integers=['comments.legacy_comment_id'],
            ) }} then 'value_out_of_range'
        end as reason
    from comments
    left join treatment_plans on comments.legacy_plan_id = treatment_plans.legacy_plan_id
    left join profiles on comments.legacy_author_user_id = profiles.legacy_user_id
)

select
    {{ entity_key('treatment_discussions', 'legacy_comment_id') }} as treatment_discussion_id,
    legacy_comment_id,
    legacy_author_user_id,
    legacy_plan_id,
    treatment_plan_id,
    profile_id as author_profile_id,
    text as body,
    created_at,
    {{ disposition('reason') }} as disposition,
    reason
from reasoned
