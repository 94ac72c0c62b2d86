with

legacy_groups as (
    {{ numbered_duplicates(ref('stg_django__groups'), ['legacy_group_id']) }}
),

team_types as (
    select * from {{ ref('team_types') }}
),

reasoned as (
    select
        legacy_groups.*,
        team_types.team_name,
        team_types.team_type,
        case
            when legacy_groups.legacy_group_id is null then 'legacy_id_not_given'
            when legacy_groups.occurrence > 1 then 'duplicate_legacy_id'
            when legacy_groups.name = 'Patient' then 'group_not_team'
            when team_types.group_name is null then 'group_not_in_team_types'
            when {{ any_out_of_range(integers=['legacy_groups.legacy_group_id']) }} then 'value_out_of_range'
        end as reason
    from legacy_groups
    left join team_types on legacy_groups.name = team_types.group_name
)

select
    {{ entity_key('teams', 'legacy_group_id') }} as team_id,
    legacy_group_id,
    name as legacy_group_name,
    team_name,
    team_type,
    {{ disposition('reason', excluding=['group_not_team']) }} as disposition,
    reason
from reasoned
