select
    role_id,
    legacy_role_id,
    legacy_user_id,
    legacy_group_id,
    profile_id,
    team_id,
    role_name,
    abbreviation,
    legacy_type,
    sort_order
from {{ ref('int_roles__triaged') }}
where disposition = 'migrated'
