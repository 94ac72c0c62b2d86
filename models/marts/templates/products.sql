select
    product_id,
    legacy_product_id,
    course_id,
    product_name,
    description,
    legacy_type,
    is_free,
    is_substitute,
    customization,
    is_customization_malformed
from {{ ref('int_products__triaged') }}
where disposition = 'migrated'
