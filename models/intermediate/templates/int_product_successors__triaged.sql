with

links as (
    {{ numbered_duplicates(ref('stg_dispatch__product_successors'), ['legacy_product_successors_id']) }}
),

products as (
    select * from {{ ref('products') }}
),

successors as (
    select * from {{ ref('products') }}
),

reasoned as (
    select
        links.*,
        products.product_id,
        successors.product_id as successor_id,
        case
            when links.legacy_product_successors_id is null then 'legacy_id_not_given'
            when links.occurrence > 1 then 'duplicate_legacy_id'
            when products.product_id is null then 'product_not_migrated'
            when successors.product_id is null then 'product_not_migrated'
            when {{ occurrence_number('links', ['legacy_from_product_id', 'legacy_to_product_id', 'occurrence']) }} > 1
                then 'duplicate_natural_key'
            when {{ any_out_of_range(integers=['links.legacy_product_successors_id']) }} then 'value_out_of_range'
        end as reason
    from links
    left join products on links.legacy_from_product_id = products.legacy_product_id
    left join successors on links.legacy_to_product_id = successors.legacy_product_id
)

select
    {{ entity_key('product_successors', 'legacy_product_successors_id') }} as product_successor_id,
    legacy_product_successors_id,
    legacy_from_product_id,
    legacy_to_product_id,
    product_id,
    successor_id,
    {{ disposition('reason') }} as disposition,
    reason
from reasoned
