with

notes as (
    {{ numbered_duplicates(ref('stg_dispatch__notes'), ['legacy_note_id']) }}
),

doctors as (
    select * from {{ ref('doctors') }}
),

profiles as (
    select * from {{ ref('profiles') }}
),

reasoned as (
    select
        notes.*,
        doctors.doctor_id,
        profiles.profile_id,
        case
            when notes.legacy_note_id is null then 'legacy_id_not_given'
            when notes.occurrence > 1 then 'duplicate_legacy_id'
            when doctors.doctor_id is null then 'doctor_not_migrated'
            when {{ any_missing(['notes.text', 'notes.created_at']) }} then 'required_value_missing'
            when {{ any_out_of_range(
                dates=['notes.created_at'],
                integers=['notes.legacy_note_id', 'notes.legacy_author_user_id'],
            ) }} then 'value_out_of_range'
        end as reason
    from notes
    left join doctors on notes.legacy_doctor_user_id = doctors.legacy_user_id
    left join profiles on notes.legacy_author_user_id = profiles.legacy_user_id
)

select
    {{ entity_key('doctor_notes', 'legacy_note_id') }} as doctor_note_id,
    legacy_note_id,
    legacy_author_user_id,
    legacy_doctor_user_id,
    doctor_id,
    profile_id as author_profile_id,
    text as body,
    created_at,
    {{ disposition('reason') }} as disposition,
    reason
from reasoned
