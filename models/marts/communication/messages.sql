select
    message_id,
    cast(legacy_record_id as integer) as legacy_record_id,
    cast(legacy_author_user_id as integer) as legacy_author_user_id,
    author_profile_id,
    target_patient_id,
    target_profile_id,
    team_id,
    message_type,
    cast(legacy_type as integer) as legacy_type,
    body,
    is_public,
    created_at
from {{ ref('int_messages__triaged') }}
where disposition = 'migrated'
