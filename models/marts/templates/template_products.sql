select
    template_product_id,
    cast(legacy_template_products_id as integer) as legacy_template_products_id,
    cast(legacy_product_id as integer) as legacy_product_id,
    template_id,
    product_id,
    cast(quantity as integer) as quantity
from {{ ref('int_template_products__triaged') }}
where disposition = 'migrated'
