with

roles as (
    {{ numbered_duplicates(ref('stg_dispatch__roles'), ['legacy_role_id']) }}
),

profiles as (
    select * from {{ ref('profiles') }}
),

teams as (
    select * from {{ ref('teams') }}
),

reasoned as (
    select
        roles.*,
        profiles.profile_id,
        teams.team_id,
        case
            when roles.legacy_role_id is null then 'legacy_id_not_given'
            when roles.occurrence > 1 then 'duplicate_legacy_id'
            when {{ any_out_of_range(
                integers=[
                    'roles.legacy_role_id', 'roles.legacy_user_id', 'roles.legacy_group_id', 'roles.type_code',
                    'roles.sort_order',
                ],
            ) }} then 'value_out_of_range'
        end as reason
    from roles
    left join profiles on roles.legacy_user_id = profiles.legacy_user_id
    left join teams on roles.legacy_group_id = teams.legacy_group_id
)

select
    {{ entity_key('roles', 'legacy_role_id') }} as role_id,
    legacy_role_id,
    legacy_user_id,
    legacy_group_id,
    profile_id,
    team_id,
    name as role_name,
    abbrev as abbreviation,
    type_code as legacy_type,
    sort_order,
    {{ disposition('reason') }} as disposition,
    reason
from reasoned
