with

links as (
    {{ numbered_duplicates(ref('stg_dispatch__template_view_groups'), ['legacy_template_view_groups_id']) }}
),

templates as (
    select * from {{ ref('templates') }}
),

known_groups as (
    select * from {{ ref('int_teams__dispositions') }}
),

reasoned as (
    select
        links.*,
        templates.template_id,
        known_groups.team_id,
        known_groups.legacy_group_name as group_name,
        case
            when links.legacy_template_view_groups_id is null then 'legacy_id_not_given'
            when links.occurrence > 1 then 'duplicate_legacy_id'
            when templates.template_id is null then 'template_not_found'
            when known_groups.legacy_group_id is null then 'group_not_found'
            when {{ occurrence_number('links', ['legacy_template_id', 'legacy_group_id', 'occurrence']) }} > 1
                then 'duplicate_natural_key'
            when known_groups.legacy_group_name is null then 'required_value_missing'
            when {{ any_out_of_range(
                integers=['links.legacy_template_view_groups_id', 'links.legacy_group_id'],
            ) }} then 'value_out_of_range'
        end as reason
    from links
    left join templates on links.legacy_template_id = templates.legacy_template_id
    left join known_groups on links.legacy_group_id = known_groups.legacy_group_id
)

select
    {{ entity_key('template_view_groups', 'legacy_template_view_groups_id') }} as template_view_group_id,
    legacy_template_view_groups_id,
    legacy_template_id,
    legacy_group_id,
    template_id,
    team_id,
    group_name,
    {{ disposition('reason') }} as disposition,
    reason
from reasoned
