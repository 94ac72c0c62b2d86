select
    product_id,
    cast(legacy_product_id as integer) as legacy_product_id,
    course_id,
    product_name,
    description,
    cast(legacy_type as integer) as legacy_type,
    is_free,
    is_substitute,
    customization,
    is_customization_malformed
from {{ ref('int_products__triaged') }}
where disposition = 'migrated'
