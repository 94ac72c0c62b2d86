with

records as (
    {{ numbered_duplicates(ref('stg_dispatch__records'), ['legacy_record_id']) }}
),

content_types as (
    select * from {{ ref('int_content_types__distinct') }}
),

patients as (
    select * from {{ ref('patients') }}
),

target_profiles as (
    select * from {{ ref('profiles') }}
),

author_profiles as (
    select * from {{ ref('profiles') }}
),

teams as (
    select * from {{ ref('teams') }}
),

message_types as (
    select * from {{ ref('message_types') }}
),

-- A generic foreign key: the content type says which table the target id belongs to. The id of a content type may
-- differ between installations, so it is identified by application and model.
targeted as (
    select
        records.*,
        content_types.app_label || '.' || content_types.model as target_type,
        patients.patient_id as target_patient_id,
        target_profiles.profile_id as target_profile_id
    from records
    left join content_types on records.legacy_target_content_type_id = content_types.legacy_content_type_id
    left join patients
        on content_types.app_label || '.' || content_types.model = 'dispatch.patient'
            and records.legacy_target_id = patients.legacy_patient_id
    left join target_profiles
        on content_types.app_label || '.' || content_types.model = 'auth.user'
            and records.legacy_target_id = target_profiles.legacy_user_id
),

reasoned as (
    select
        targeted.*,
        author_profiles.profile_id as author_profile_id,
        teams.team_id,
        {{ decoded('targeted.type_code', 'message_types.message_type') }} as message_type,
        case
            when targeted.legacy_record_id is null then 'legacy_id_not_given'
            when targeted.occurrence > 1 then 'duplicate_legacy_id'
            when targeted.legacy_target_content_type_id is null then 'target_type_not_given'
            when coalesce(targeted.target_type, '') not in ('dispatch.patient', 'auth.user')
                then 'target_type_unsupported'
            when targeted.target_patient_id is null and targeted.target_profile_id is null then 'target_not_found'
            when {{ any_missing(['targeted.text', 'targeted.is_public', 'targeted.created_at']) }}
                then 'required_value_missing'
            when {{ any_out_of_range(
                dates=['targeted.created_at'],
                integers=['targeted.legacy_record_id', 'targeted.legacy_author_user_id', 'targeted.type_code'],
            ) }} then 'value_out_of_range'
        end as reason
    from targeted
    left join author_profiles on targeted.legacy_author_user_id = author_profiles.legacy_user_id
    left join teams on targeted.legacy_group_id = teams.legacy_group_id
    left join message_types on targeted.type_code = message_types.type_code
)

select
    {{ entity_key('messages', 'legacy_record_id') }} as message_id,
    legacy_record_id,
    legacy_target_id,
    legacy_author_user_id,
    legacy_group_id,
    author_profile_id,
    target_patient_id,
    target_profile_id,
    team_id,
    message_type,
    type_code as legacy_type,
    text as body,
    is_public,
    created_at,
    {{ disposition('reason') }} as disposition,
    reason
from reasoned
