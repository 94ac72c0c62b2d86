select
    role_id,
    cast(legacy_role_id as integer) as legacy_role_id,
    cast(legacy_user_id as integer) as legacy_user_id,
    cast(legacy_group_id as integer) as legacy_group_id,
    profile_id,
    team_id,
    role_name,
    abbreviation,
    cast(legacy_type as integer) as legacy_type,
    cast(sort_order as integer) as sort_order
from {{ ref('int_roles__triaged') }}
where disposition = 'migrated'
