-- depends_on: {{ ref('int_notifications__signatures') }}
select
    notification_id,
    legacy_notification_id,
    recipient_profile_id,
    sender,
    template_name,
    -- Safe without a check: a malformed text is a reason for rejection.
    cast(context_json as jsonb) as context,
    item_type,
    legacy_item_id,
    is_read,
    is_to_be_emailed,
    is_emailed,
    created_at
from {{ ref('int_notifications__triaged') }}
where disposition = 'migrated'
