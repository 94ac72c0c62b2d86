-- depends_on: {{ ref('int_notifications__signatures') }}
select
    legacy_notification_id,
    disposition,
    reason
from {{ ref('int_notifications__triaged') }}
where disposition <> 'migrated'
