with

roles as (
    select * from {{ ref('stg_dispatch__roles') }}
),

specialties as (
    select * from {{ ref('technician_specialties') }}
),

profiles as (
    select * from {{ ref('profiles') }}
),

technician_roles as (
    select
        roles.*,
        {{ occurrence_number('roles', ['legacy_role_id']) }} as occurrence
    from roles
    -- The exact names of the seed, because other role names contain the word Technician and name no specialty.
    inner join specialties on roles.name = specialties.role_name
    where roles.legacy_user_id is not null
),

reasoned as (
    select
        technician_roles.*,
        profiles.profile_id,
        profiles.is_active,
        profiles.joined_at,
        case
            when technician_roles.legacy_role_id is null then 'legacy_id_not_given'
            when technician_roles.occurrence > 1 then 'duplicate_legacy_id'
            when profiles.profile_id is null then 'profile_not_migrated'
            when {{ occurrence_number('technician_roles', ['legacy_user_id', 'occurrence']) }} > 1
                then 'duplicate_natural_key'
            when {{ any_out_of_range(integers=['technician_roles.legacy_role_id']) }} then 'value_out_of_range'
        end as reason
    from technician_roles
    left join profiles on technician_roles.legacy_user_id = profiles.legacy_user_id
)

select
    {{ entity_key('technicians', 'legacy_user_id') }} as technician_id,
    legacy_role_id,
    legacy_user_id,
    profile_id,
    name as specialty,
    is_active,
    joined_at as hired_at,
    {{ disposition('reason') }} as disposition,
    reason
from reasoned
