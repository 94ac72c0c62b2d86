with

memberships as (
    {{ numbered_duplicates(ref('stg_django__user_groups'), ['legacy_user_groups_id']) }}
),

known_groups as (
    select * from {{ ref('int_teams__dispositions') }}
),

profiles as (
    select * from {{ ref('profiles') }}
),

reasoned as (
    select
        memberships.*,
        known_groups.team_id,
        profiles.profile_id,
        case
            when memberships.legacy_user_groups_id is null then 'legacy_id_not_given'
            when memberships.occurrence > 1 then 'duplicate_legacy_id'
            when known_groups.legacy_group_id is null then 'group_not_found'
            when known_groups.reason is not null then known_groups.reason
            when profiles.profile_id is null then 'profile_not_migrated'
            when {{ occurrence_number('memberships', ['legacy_user_id', 'legacy_group_id', 'occurrence']) }} > 1
                then 'duplicate_natural_key'
            when {{ any_out_of_range(integers=['memberships.legacy_user_groups_id']) }} then 'value_out_of_range'
        end as reason
    from memberships
    left join known_groups on memberships.legacy_group_id = known_groups.legacy_group_id
    left join profiles on memberships.legacy_user_id = profiles.legacy_user_id
)

select
    {{ entity_key('team_members', 'legacy_user_groups_id') }} as team_member_id,
    legacy_user_groups_id,
    legacy_user_id,
    legacy_group_id,
    team_id,
    profile_id,
    {{ disposition('reason', excluding=['group_not_team']) }} as disposition,
    reason
from reasoned
