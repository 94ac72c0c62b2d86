with

links as (
    {{ numbered_duplicates(ref('stg_dispatch__product_roles'), ['legacy_product_roles_id']) }}
),

products as (
    select * from {{ ref('products') }}
),

roles as (
    select * from {{ ref('roles') }}
),

reasoned as (
    select
        links.*,
        products.product_id,
        roles.role_id,
        case
            when links.legacy_product_roles_id is null then 'legacy_id_not_given'
            when links.occurrence > 1 then 'duplicate_legacy_id'
            when products.product_id is null then 'product_not_migrated'
            when roles.role_id is null then 'role_not_migrated'
            when {{ occurrence_number('links', ['legacy_product_id', 'legacy_role_id', 'occurrence']) }} > 1
                then 'duplicate_natural_key'
            when {{ any_out_of_range(integers=['links.legacy_product_roles_id']) }} then 'value_out_of_range'
        end as reason
    from links
    left join products on links.legacy_product_id = products.legacy_product_id
    left join roles on links.legacy_role_id = roles.legacy_role_id
)

select
    {{ entity_key('product_roles', 'legacy_product_roles_id') }} as product_role_id,
    legacy_product_roles_id,
    legacy_product_id,
    legacy_role_id,
    product_id,
    role_id,
    {{ disposition('reason') }} as disposition,
    reason
from reasoned
