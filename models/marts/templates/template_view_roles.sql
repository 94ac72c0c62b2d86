select
    template_view_role_id,
    cast(legacy_template_view_roles_id as integer) as legacy_template_view_roles_id,
    template_id,
    role_id
from {{ ref('int_template_view_roles__triaged') }}
where disposition = 'migrated'
