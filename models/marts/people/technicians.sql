select
    technician_id,
    cast(legacy_role_id as integer) as legacy_role_id,
    cast(legacy_user_id as integer) as legacy_user_id,
    profile_id,
    specialty,
    is_active,
    hired_at
from {{ ref('int_technicians__triaged') }}
where disposition = 'migrated'
