with

links as (
    {{ numbered_duplicates(ref('stg_dispatch__record_roles'), ['legacy_record_roles_id']) }}
),

messages as (
    select * from {{ ref('messages') }}
),

roles as (
    select * from {{ ref('roles') }}
),

reasoned as (
    select
        links.*,
        messages.message_id,
        roles.role_id,
        case
            when links.legacy_record_roles_id is null then 'legacy_id_not_given'
            when links.occurrence > 1 then 'duplicate_legacy_id'
            when messages.message_id is null then 'message_not_migrated'
            when roles.role_id is null then 'role_not_migrated'
            when {{ occurrence_number('links', ['legacy_record_id', 'legacy_role_id', 'occurrence']) }} > 1
                then 'duplicate_natural_key'
            when {{ any_out_of_range(integers=['links.legacy_record_roles_id']) }} then 'value_out_of_range'
        end as reason
    from links
    left join messages on links.legacy_record_id = messages.legacy_record_id
    left join roles on links.legacy_role_id = roles.legacy_role_id
)

select
    {{ entity_key('message_roles', 'legacy_record_roles_id') }} as message_role_id,
    legacy_record_roles_id,
    legacy_record_id,
    legacy_role_id,
    message_id,
    role_id,
    {{ disposition('reason') }} as disposition,
    reason
from reasoned
