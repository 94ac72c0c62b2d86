select
    team_member_id,
    cast(legacy_user_groups_id as integer) as legacy_user_groups_id,
    team_id,
    profile_id
from {{ ref('int_team_members__triaged') }}
where disposition = 'migrated'
