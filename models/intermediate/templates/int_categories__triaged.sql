with

categories as (
    {{ numbered_duplicates(ref('stg_dispatch__categories'), ['legacy_category_id']) }}
),

reasoned as (
    select
        *,
        case
            when legacy_category_id is null then 'legacy_id_not_given'
            when occurrence > 1 then 'duplicate_legacy_id'
            when {{ any_out_of_range(
                integers=['legacy_category_id', 'legacy_parent_category_id'],
            ) }} then 'value_out_of_range'
        end as reason
    from categories
)

select
    {{ entity_key('categories', 'categories.legacy_category_id') }} as category_id,
    categories.legacy_category_id,
    categories.legacy_parent_category_id,
    {{ entity_key('categories', 'parents.legacy_category_id') }} as parent_category_id,
    categories.name as category_name,
    {{ disposition('categories.reason') }} as disposition,
    categories.reason
from reasoned as categories
left join reasoned as parents
    on categories.legacy_parent_category_id = parents.legacy_category_id and parents.reason is null
