select
    order_event_id,
    legacy_state_id,
    legacy_actor_user_id,
    order_id,
    actor_profile_id,
    event_type,
    legacy_status,
    is_on,
    changed_at
from {{ ref('int_order_events__triaged') }}
where disposition = 'migrated'
