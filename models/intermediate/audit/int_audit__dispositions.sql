{%- for each in migrated_entities() if each.entity != 'notifications' %}
select
    '{{ each.entity }}' as entity,
    '{{ each.legacy_table }}' as legacy_table,
    {{ each.legacy_id }} as legacy_id,
    disposition,
    reason
from {{ ref('int_' ~ each.entity ~ '__triaged') }}
union all
{%- endfor %}

-- The triage of notifications is a view over five million rows; these two tables store their dispositions.
select
    'notifications' as entity,
    'dispatch_notification' as legacy_table,
    legacy_notification_id as legacy_id,
    'migrated' as disposition,
    null as reason
from {{ ref('notifications') }}
union all
select
    'notifications' as entity,
    'dispatch_notification' as legacy_table,
    legacy_notification_id as legacy_id,
    disposition,
    reason
from {{ ref('int_notifications__left_out') }}
