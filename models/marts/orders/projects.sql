select
    project_id,
    cast(legacy_project_id as integer) as legacy_project_id,
    cast(legacy_creator_user_id as integer) as legacy_creator_user_id,
    creator_profile_id,
    legacy_uid,
    project_name,
    cast(legacy_type as integer) as legacy_type,
    cast(legacy_status as integer) as legacy_status,
    cast(size_bytes as bigint) as size_bytes,
    is_public,
    created_at
from {{ ref('int_projects__triaged') }}
where disposition = 'migrated'
