select
    role_permission_id,
    cast(legacy_role_permissions_id as integer) as legacy_role_permissions_id,
    role_id,
    permission_id
from {{ ref('int_role_permissions__triaged') }}
where disposition = 'migrated'
