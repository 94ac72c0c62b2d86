select
    team_permission_id,
    cast(legacy_group_permissions_id as integer) as legacy_group_permissions_id,
    team_id,
    permission_id
from {{ ref('int_team_permissions__triaged') }}
where disposition = 'migrated'
