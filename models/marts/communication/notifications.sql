-- depends_on: {{ ref('int_notifications__signatures') }}
select
    notification_id,
    -- Cast when it is inserted: the batches are cut by it.
    legacy_notification_id,
    recipient_profile_id,
    sender,
    template_name,
    -- Safe without a check: a malformed text is a reason for rejection.
    cast(context_json as jsonb) as context,
    item_type,
    cast(legacy_item_id as integer) as legacy_item_id,
    is_read,
    is_to_be_emailed,
    is_emailed,
    created_at
from {{ ref('int_notifications__triaged') }}
where disposition = 'migrated'
