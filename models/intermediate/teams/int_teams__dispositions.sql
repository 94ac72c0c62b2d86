-- One row per legacy group with any disposition, for models that refer to groups.
select
    legacy_group_id,
    legacy_group_name,
    case when disposition = 'migrated' then team_id end as team_id,
    reason
from {{ ref('int_teams__triaged') }}
where coalesce(reason, '') not in ('legacy_id_not_given', 'duplicate_legacy_id')
