with

notifications as (
    select * from {{ ref('int_notifications__resolved') }}
)

select
    {{ batch_number('legacy_notification_id') }} as batch_number,
    {{ signature('notifications') }} as signature
from notifications
group by 1
