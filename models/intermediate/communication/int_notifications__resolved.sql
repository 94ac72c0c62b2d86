with

notifications as (
    select * from {{ ref('stg_dispatch__notifications') }}
),

profiles as (
    select * from {{ ref('profiles') }}
),

content_types as (
    select * from {{ ref('int_content_types__distinct') }}
)

select
    notifications.legacy_notification_id,
    notifications.legacy_recipient_user_id,
    notifications.legacy_item_id,
    notifications.sender,
    notifications.template_name,
    notifications.context_json,
    notifications.is_read,
    notifications.is_to_be_emailed,
    notifications.is_emailed,
    notifications.created_at,
    notifications.has_unique_legacy_ids,
    profiles.profile_id,
    content_types.app_label || '.' || content_types.model as item_type
from notifications
left join profiles on notifications.legacy_recipient_user_id = profiles.legacy_user_id
left join content_types on notifications.legacy_item_content_type_id = content_types.legacy_content_type_id
