select
    team_id,
    cast(legacy_group_id as integer) as legacy_group_id,
    legacy_group_name,
    team_name,
    team_type
from {{ ref('int_teams__triaged') }}
where disposition = 'migrated'
