select
    jaw_id,
    cast(legacy_jaw_id as integer) as legacy_jaw_id,
    cast(legacy_product_id as integer) as legacy_product_id,
    order_id,
    product_id,
    side,
    bond_teeth,
    extract_teeth,
    cast(legacy_reason as integer) as legacy_reason,
    is_labial
from {{ ref('int_jaws__triaged') }}
where disposition = 'migrated'
