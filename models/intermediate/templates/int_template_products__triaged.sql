with

links as (
    {{ numbered_duplicates(ref('stg_dispatch__template_products'), ['legacy_template_products_id']) }}
),

crosswalk as (
    select * from {{ ref('product_crosswalk') }}
),

templates as (
    select * from {{ ref('templates') }}
),

products as (
    select * from {{ ref('products') }}
),

successors as (
    select * from {{ ref('products') }}
),

-- A product outside the catalogue may have a successor in it, which a person enters in the crosswalk.
referenced as (
    select
        links.*,
        templates.template_id,
        coalesce(products.product_id, successors.product_id) as product_id
    from links
    left join templates on links.legacy_template_id = templates.legacy_template_id
    left join products on links.legacy_product_id = products.legacy_product_id
    left join crosswalk on links.legacy_product_id = crosswalk.legacy_product_id
    left join successors on crosswalk.catalogue_legacy_product_id = successors.legacy_product_id
),

reasoned as (
    select
        *,
        case
            when legacy_template_products_id is null then 'legacy_id_not_given'
            when occurrence > 1 then 'duplicate_legacy_id'
            when template_id is null then 'template_not_found'
            when product_id is null then 'product_not_in_catalogue'
            when {{ occurrence_number('referenced', ['legacy_template_id', 'legacy_product_id', 'occurrence']) }} > 1
                then 'duplicate_natural_key'
            when {{ any_out_of_range(
                integers=['legacy_template_products_id', 'legacy_product_id'],
            ) }} then 'value_out_of_range'
        end as reason
    from referenced
)

select
    {{ entity_key('template_products', 'legacy_template_products_id') }} as template_product_id,
    legacy_template_products_id,
    legacy_template_id,
    legacy_product_id,
    template_id,
    product_id,
    1 as quantity,
    {{ disposition('reason') }} as disposition,
    reason
from reasoned
