select
    permission_id,
    cast(legacy_permission_id as integer) as legacy_permission_id,
    permission_name,
    codename,
    app_label,
    model_name
from {{ ref('int_permissions__triaged') }}
where disposition = 'migrated'
