with

notes as (
    {{ numbered_duplicates(ref('stg_dispatch__notes'), ['legacy_note_id']) }}
),

memberships as (
    select * from {{ ref('stg_django__user_groups') }}
),

teams as (
    select * from {{ ref('teams') }}
),

authors as (
    select * from {{ ref('doctors') }}
),

doctors as (
    select * from {{ ref('doctors') }}
),

-- A user may be in several groups. The lowest group id decides: for a doctor that is Doctor, the Medical Team.
user_teams as (
    select
        memberships.legacy_user_id,
        teams.team_id,
        row_number() over (
            partition by memberships.legacy_user_id order by teams.legacy_group_id
        ) as team_number
    from memberships
    inner join teams on memberships.legacy_group_id = teams.legacy_group_id
),

reasoned as (
    select
        notes.*,
        authors.doctor_id as author_doctor_id,
        doctors.doctor_id as about_doctor_id,
        user_teams.team_id,
        case
            when notes.legacy_note_id is null then 'legacy_id_not_given'
            when notes.occurrence > 1 then 'duplicate_legacy_id'
            when notes.legacy_author_user_id is null then 'author_not_given'
            when authors.doctor_id is null then 'author_not_a_doctor'
            when user_teams.team_id is null then 'author_without_team'
            when {{ any_missing(['notes.text', 'notes.created_at']) }} then 'required_value_missing'
            when {{ any_out_of_range(
                dates=['notes.created_at'],
                integers=['notes.legacy_note_id', 'notes.legacy_doctor_user_id'],
            ) }} then 'value_out_of_range'
        end as reason
    from notes
    left join authors on notes.legacy_author_user_id = authors.legacy_user_id
    left join doctors on notes.legacy_doctor_user_id = doctors.legacy_user_id
    left join user_teams on notes.legacy_author_user_id = user_teams.legacy_user_id and user_teams.team_number = 1
)

select
    {{ entity_key('team_communications', 'legacy_note_id') }} as team_communication_id,
    legacy_note_id,
    legacy_author_user_id,
    legacy_doctor_user_id,
    team_id,
    author_doctor_id,
    about_doctor_id,
    'production_note' as communication_type,
    text as body,
    created_at,
    {{ disposition('reason') }} as disposition,
    reason
from reasoned
