select
    template_edit_role_id,
    cast(legacy_template_edit_roles_id as integer) as legacy_template_edit_roles_id,
    template_id,
    role_id
from {{ ref('int_template_edit_roles__triaged') }}
where disposition = 'migrated'
