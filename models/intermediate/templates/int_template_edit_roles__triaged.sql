with

links as (
    {{ numbered_duplicates(ref('stg_dispatch__template_edit_roles'), ['legacy_template_edit_roles_id']) }}
),

templates as (
    select * from {{ ref('templates') }}
),

roles as (
    select * from {{ ref('roles') }}
),

reasoned as (
    select
        links.*,
        templates.template_id,
        roles.role_id,
        case
            when links.legacy_template_edit_roles_id is null then 'legacy_id_not_given'
            when links.occurrence > 1 then 'duplicate_legacy_id'
            when templates.template_id is null then 'template_not_found'
            when roles.role_id is null then 'role_not_migrated'
            when {{ occurrence_number('links', ['legacy_template_id', 'legacy_role_id', 'occurrence']) }} > 1
                then 'duplicate_natural_key'
            when {{ any_out_of_range(integers=['links.legacy_template_edit_roles_id']) }} then 'value_out_of_range'
        end as reason
    from links
    left join templates on links.legacy_template_id = templates.legacy_template_id
    left join roles on links.legacy_role_id = roles.legacy_role_id
)

select
    {{ entity_key('template_edit_roles', 'legacy_template_edit_roles_id') }} as template_edit_role_id,
    legacy_template_edit_roles_id,
    legacy_template_id,
    legacy_role_id,
    template_id,
    role_id,
    {{ disposition('reason') }} as disposition,
    reason
from reasoned
