with

links as (
    {{ numbered_duplicates(ref('stg_django__group_permissions'), ['legacy_group_permissions_id']) }}
),

known_groups as (
    select * from {{ ref('int_teams__dispositions') }}
),

permissions as (
    select * from {{ ref('permissions') }}
),

reasoned as (
    select
        links.*,
        known_groups.team_id,
        permissions.permission_id,
        case
            when links.legacy_group_permissions_id is null then 'legacy_id_not_given'
            when links.occurrence > 1 then 'duplicate_legacy_id'
            when known_groups.legacy_group_id is null then 'group_not_found'
            when known_groups.reason is not null then known_groups.reason
            when permissions.permission_id is null then 'permission_not_migrated'
            when {{ occurrence_number('links', ['legacy_permission_id', 'legacy_group_id', 'occurrence']) }} > 1
                then 'duplicate_natural_key'
            when {{ any_out_of_range(integers=['links.legacy_group_permissions_id']) }} then 'value_out_of_range'
        end as reason
    from links
    left join known_groups on links.legacy_group_id = known_groups.legacy_group_id
    left join permissions on links.legacy_permission_id = permissions.legacy_permission_id
)

select
    {{ entity_key('team_permissions', 'legacy_group_permissions_id') }} as team_permission_id,
    legacy_group_permissions_id,
    legacy_permission_id,
    legacy_group_id,
    team_id,
    permission_id,
    {{ disposition('reason', excluding=['group_not_team']) }} as disposition,
    reason
from reasoned
