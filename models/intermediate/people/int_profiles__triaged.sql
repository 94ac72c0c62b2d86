with

users as (
    {{ numbered_duplicates(ref('stg_django__users'), ['legacy_user_id']) }}
),

roles as (
    select * from {{ ref('stg_dispatch__roles') }}
),

specialties as (
    select * from {{ ref('technician_specialties') }}
),

patient_users as (
    select distinct legacy_user_id from {{ ref('stg_dispatch__patients') }}
),

doctor_users as (
    select distinct legacy_user_id from {{ ref('stg_dispatch__doctorsettings') }}
),

technician_users as (
    select distinct roles.legacy_user_id
    from roles
    inner join specialties on roles.name = specialties.role_name
),

typed as (
    select
        users.*,
        case
            when patient_users.legacy_user_id is not null then 'patient'
            when doctor_users.legacy_user_id is not null then 'doctor'
            when technician_users.legacy_user_id is not null then 'technician'
            else 'staff'
        end as profile_type,
        {{ is_valid_email('users.email') }} as has_valid_email
    from users
    left join patient_users on users.legacy_user_id = patient_users.legacy_user_id
    left join doctor_users on users.legacy_user_id = doctor_users.legacy_user_id
    left join technician_users on users.legacy_user_id = technician_users.legacy_user_id
),

reasoned as (
    select
        *,
        case
            when legacy_user_id is null then 'legacy_id_not_given'
            when occurrence > 1 then 'duplicate_legacy_id'
            when {{ any_missing(['is_superuser', 'is_staff', 'is_active', 'joined_at']) }}
                then 'required_value_missing'
            when {{ any_out_of_range(
                dates=['joined_at', 'last_login_at'],
                integers=['legacy_user_id'],
            ) }} then 'value_out_of_range'
        end as reason
    from typed
)

select
    {{ entity_key('profiles', 'legacy_user_id') }} as profile_id,
    legacy_user_id,
    profile_type,
    username,
    first_name,
    last_name,
    case when has_valid_email then {{ lower_case('email') }} end as email,
    email is not null and not has_valid_email as is_email_malformed,
    is_superuser,
    is_staff,
    is_active,
    joined_at,
    last_login_at,
    {{ disposition('reason') }} as disposition,
    reason
from reasoned
