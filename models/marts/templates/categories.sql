select
    category_id,
    legacy_category_id,
    legacy_parent_category_id,
    parent_category_id,
    category_name
from {{ ref('int_categories__triaged') }}
where disposition = 'migrated'
