select
    team_communication_id,
    cast(legacy_note_id as integer) as legacy_note_id,
    cast(legacy_author_user_id as integer) as legacy_author_user_id,
    cast(legacy_doctor_user_id as integer) as legacy_doctor_user_id,
    team_id,
    author_doctor_id,
    about_doctor_id,
    communication_type,
    body,
    created_at
from {{ ref('int_team_communications__triaged') }}
where disposition = 'migrated'
