-- The planner expects one batch per id, and would sort five million rows to group them.
{{ config(pre_hook="{{ planner_setting('enable_sort', 'off') }}") }}

with

notifications as (
    select * from {{ ref('stg_dispatch__notifications') }}
),

profiles as (
    select
        legacy_user_id,
        profile_id
    from {{ ref('profiles') }}
),

known_content_types as (
    select * from {{ ref('int_content_types__distinct') }}
),

-- Materialized, because otherwise the hashes of the few parents are computed once per notification.
recipients as {{ planner_hint('materialized') }} (
    select
        legacy_user_id,
        {{ row_hash('profiles') }} as row_hash
    from profiles
),

content_types as {{ planner_hint('materialized') }} (
    select
        legacy_content_type_id,
        {{ row_hash('known_content_types') }} as row_hash
    from known_content_types
)

select
    {{ batch_number('notifications.legacy_notification_id') }} as batch_number,
    {{ signature(['notifications.row_hash', 'recipients.row_hash', 'content_types.row_hash']) }} as signature
from notifications
left join recipients on notifications.legacy_recipient_user_id = recipients.legacy_user_id
left join content_types on notifications.legacy_item_content_type_id = content_types.legacy_content_type_id
group by 1
