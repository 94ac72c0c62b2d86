with

links as (
    {{ numbered_duplicates(ref('stg_dispatch__role_permissions'), ['legacy_role_permissions_id']) }}
),

roles as (
    select * from {{ ref('roles') }}
),

permissions as (
    select * from {{ ref('permissions') }}
),

reasoned as (
    select
        links.*,
        roles.role_id,
        permissions.permission_id,
        case
            when links.legacy_role_permissions_id is null then 'legacy_id_not_given'
            when links.occurrence > 1 then 'duplicate_legacy_id'
            when roles.role_id is null then 'role_not_migrated'
            when permissions.permission_id is null then 'permission_not_migrated'
            when {{ occurrence_number('links', ['legacy_role_id', 'legacy_permission_id', 'occurrence']) }} > 1
                then 'duplicate_natural_key'
            when {{ any_out_of_range(integers=['links.legacy_role_permissions_id']) }} then 'value_out_of_range'
        end as reason
    from links
    left join roles on links.legacy_role_id = roles.legacy_role_id
    left join permissions on links.legacy_permission_id = permissions.legacy_permission_id
)

select
    {{ entity_key('role_permissions', 'legacy_role_permissions_id') }} as role_permission_id,
    legacy_role_permissions_id,
    legacy_role_id,
    legacy_permission_id,
    role_id,
    permission_id,
    {{ disposition('reason') }} as disposition,
    reason
from reasoned
