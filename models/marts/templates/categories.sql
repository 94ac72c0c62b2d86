select
    category_id,
    cast(legacy_category_id as integer) as legacy_category_id,
    cast(legacy_parent_category_id as integer) as legacy_parent_category_id,
    parent_category_id,
    category_name
from {{ ref('int_categories__triaged') }}
where disposition = 'migrated'
