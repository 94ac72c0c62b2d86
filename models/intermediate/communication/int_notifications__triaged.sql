with

notifications as {{ planner_hint('not materialized') }} (
    select * from {{ ref('int_notifications__resolved') }}
),

-- Comparing whole rows takes a quarter of the time, so it is done only where the legacy table could hold an id twice.
numbered as (
    select
        notifications.*,
        1 as occurrence
    from notifications
    where has_unique_legacy_ids
    union all
    select
        notifications.*,
        {{ occurrence_number('notifications', ['legacy_notification_id']) }} as occurrence
    from notifications
    where has_unique_legacy_ids is not true
),

reasoned as (
    select
        *,
        case
            when legacy_notification_id is null then 'legacy_id_not_given'
            when occurrence > 1 then 'duplicate_legacy_id'
            when profile_id is null then 'recipient_not_found'
            when {{ any_missing([
                'context_json', 'is_read', 'is_to_be_emailed', 'is_emailed', 'created_at',
            ]) }} then 'required_value_missing'
            when {{ any_out_of_range(
                dates=['created_at'],
                integers=['legacy_notification_id', 'legacy_item_id'],
            ) }} then 'value_out_of_range'
            when not {{ is_json('context_json') }} then 'malformed_json'
        end as reason
    from numbered
)

select
    {{ entity_key('notifications', 'legacy_notification_id') }} as notification_id,
    legacy_notification_id,
    legacy_recipient_user_id,
    legacy_item_id,
    profile_id as recipient_profile_id,
    sender,
    template_name,
    context_json as context,
    item_type,
    is_read,
    is_to_be_emailed,
    is_emailed,
    created_at,
    {{ disposition('reason') }} as disposition,
    reason
from reasoned
