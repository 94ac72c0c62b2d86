select
    project_id,
    legacy_project_id,
    legacy_creator_user_id,
    creator_profile_id,
    legacy_uid,
    project_name,
    legacy_type,
    legacy_status,
    size_bytes,
    is_public,
    created_at
from {{ ref('int_projects__triaged') }}
where disposition = 'migrated'
