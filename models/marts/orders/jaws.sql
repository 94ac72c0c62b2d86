select
    jaw_id,
    legacy_jaw_id,
    legacy_product_id,
    order_id,
    product_id,
    side,
    bond_teeth,
    extract_teeth,
    legacy_reason,
    is_labial
from {{ ref('int_jaws__triaged') }}
where disposition = 'migrated'
