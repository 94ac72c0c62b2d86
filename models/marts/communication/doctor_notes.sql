select
    doctor_note_id,
    cast(legacy_note_id as integer) as legacy_note_id,
    cast(legacy_author_user_id as integer) as legacy_author_user_id,
    doctor_id,
    author_profile_id,
    body,
    created_at
from {{ ref('int_doctor_notes__triaged') }}
where disposition = 'migrated'
