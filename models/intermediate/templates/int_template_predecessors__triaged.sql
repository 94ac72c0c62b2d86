with

links as (
    {{ numbered_duplicates(ref('stg_dispatch__template_predecessors'), ['legacy_template_predecessors_id']) }}
),

templates as (
    select * from {{ ref('templates') }}
),

predecessors as (
    select * from {{ ref('templates') }}
),

reasoned as (
    select
        links.*,
        templates.template_id,
        predecessors.template_id as predecessor_id,
        case
            when links.legacy_template_predecessors_id is null then 'legacy_id_not_given'
            when links.occurrence > 1 then 'duplicate_legacy_id'
            when templates.template_id is null then 'template_not_found'
            when predecessors.template_id is null then 'template_not_found'
            when {{ occurrence_number(
                'links', ['legacy_from_template_id', 'legacy_to_template_id', 'occurrence']
            ) }} > 1
                then 'duplicate_natural_key'
            when {{ any_out_of_range(integers=['links.legacy_template_predecessors_id']) }} then 'value_out_of_range'
        end as reason
    from links
    left join templates on links.legacy_from_template_id = templates.legacy_template_id
    left join predecessors on links.legacy_to_template_id = predecessors.legacy_template_id
)

select
    {{ entity_key('template_predecessors', 'legacy_template_predecessors_id') }} as template_predecessor_id,
    legacy_template_predecessors_id,
    legacy_from_template_id,
    legacy_to_template_id,
    template_id,
    predecessor_id,
    {{ disposition('reason') }} as disposition,
    reason
from reasoned
