with

projects as (
    {{ numbered_duplicates(ref('stg_dispatch__projects'), ['legacy_project_id']) }}
),

profiles as (
    select * from {{ ref('profiles') }}
),

reasoned as (
    select
        projects.*,
        profiles.profile_id,
        case
            when projects.legacy_project_id is null then 'legacy_id_not_given'
            when projects.occurrence > 1 then 'duplicate_legacy_id'
            when {{ any_missing([
                'projects.uid', 'projects.type_code', 'projects.status_code', 'projects.created_at', 'projects.is_public',
            ]) }} then 'required_value_missing'
            when {{ any_out_of_range(
                dates=['projects.created_at'],
                integers=[
                    'projects.legacy_project_id', 'projects.legacy_creator_user_id', 'projects.type_code',
                    'projects.status_code',
                ],
                bigints=['projects.size_bytes'],
            ) }} then 'value_out_of_range'
        end as reason
    from projects
    left join profiles on projects.legacy_creator_user_id = profiles.legacy_user_id
)

select
    {{ entity_key('projects', 'legacy_project_id') }} as project_id,
    legacy_project_id,
    legacy_creator_user_id,
    profile_id as creator_profile_id,
    uid as legacy_uid,
    name as project_name,
    type_code as legacy_type,
    status_code as legacy_status,
    size_bytes,
    is_public,
    created_at,
    {{ disposition('reason') }} as disposition,
    reason
from reasoned
