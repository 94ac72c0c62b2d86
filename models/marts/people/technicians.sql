select
    technician_id,
    legacy_role_id,
    legacy_user_id,
    profile_id,
    specialty,
    is_active,
    hired_at
from {{ ref('int_technicians__triaged') }}
where disposition = 'migrated'
