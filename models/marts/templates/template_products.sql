select
    template_product_id,
    legacy_template_products_id,
    legacy_product_id,
    template_id,
    product_id,
    quantity
from {{ ref('int_template_products__triaged') }}
where disposition = 'migrated'
