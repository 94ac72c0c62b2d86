select
    message_id,
    legacy_record_id,
    legacy_author_user_id,
    author_profile_id,
    target_patient_id,
    target_profile_id,
    team_id,
    message_type,
    legacy_type,
    body,
    is_public,
    created_at
from {{ ref('int_messages__triaged') }}
where disposition = 'migrated'
