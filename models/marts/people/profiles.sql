select
    profile_id,
    cast(legacy_user_id as integer) as legacy_user_id,
    profile_type,
    username,
    first_name,
    last_name,
    email,
    is_email_malformed,
    is_superuser,
    is_staff,
    is_active,
    joined_at,
    last_login_at
from {{ ref('int_profiles__triaged') }}
where disposition = 'migrated'
