with

links as (
    {{ numbered_duplicates(ref('stg_django__user_permissions'), ['legacy_user_user_permissions_id']) }}
),

profiles as (
    select * from {{ ref('profiles') }}
),

permissions as (
    select * from {{ ref('permissions') }}
),

reasoned as (
    select
        links.*,
        profiles.profile_id,
        permissions.permission_id,
        case
            when links.legacy_user_user_permissions_id is null then 'legacy_id_not_given'
            when links.occurrence > 1 then 'duplicate_legacy_id'
            when profiles.profile_id is null then 'profile_not_migrated'
            when permissions.permission_id is null then 'permission_not_migrated'
            when {{ occurrence_number('links', ['legacy_user_id', 'legacy_permission_id', 'occurrence']) }} > 1
                then 'duplicate_natural_key'
            when {{ any_out_of_range(integers=['links.legacy_user_user_permissions_id']) }} then 'value_out_of_range'
        end as reason
    from links
    left join profiles on links.legacy_user_id = profiles.legacy_user_id
    left join permissions on links.legacy_permission_id = permissions.legacy_permission_id
)

select
    {{ entity_key('user_permissions', 'legacy_user_user_permissions_id') }} as user_permission_id,
    legacy_user_user_permissions_id,
    legacy_user_id,
    legacy_permission_id,
    profile_id,
    permission_id,
    {{ disposition('reason') }} as disposition,
    reason
from reasoned
