with

groups as (
    select * from {{ ref('stg_django__groups') }}
),

team_types as (
    select * from {{ ref('team_types') }}
),

numbered as (
    select
        groups.*,
        {{ occurrence_number('groups', ['legacy_group_id']) }} as occurrence
    from groups
),

reasoned as (
    select
        groups.*,
        team_types.team_name,
        team_types.team_type,
        case
            when groups.legacy_group_id is null then 'legacy_id_not_given'
            when groups.occurrence > 1 then 'duplicate_legacy_id'
            when groups.name = 'Patient' then 'group_not_team'
            when team_types.group_name is null then 'group_not_in_team_types'
        end as reason
    from numbered as groups
    left join team_types on groups.name = team_types.group_name
)

select
    {{ legacy_key('teams', 'legacy_group_id') }} as team_id,
    legacy_group_id,
    name as legacy_group_name,
    team_name,
    team_type,
    {{ disposition('reason', excluding=['group_not_team']) }} as disposition,
    reason
from reasoned
