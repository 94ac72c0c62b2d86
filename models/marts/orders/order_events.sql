select
    order_event_id,
    cast(legacy_state_id as integer) as legacy_state_id,
    cast(legacy_actor_user_id as integer) as legacy_actor_user_id,
    order_id,
    actor_profile_id,
    event_type,
    cast(legacy_status as integer) as legacy_status,
    is_on,
    changed_at
from {{ ref('int_order_events__triaged') }}
where disposition = 'migrated'
