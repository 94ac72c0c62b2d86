select
    profiles.profile_type,
    count(*) as notifications,
    count(case when not notifications.is_read then 1 end) as unread,
    count(distinct case when not notifications.is_read then profiles.profile_id end) as people_with_unread
from {{ analytics('notifications') }} as notifications
inner join {{ analytics('profiles') }} as profiles on notifications.recipient_profile_id = profiles.profile_id
group by profiles.profile_type
order by unread desc, profiles.profile_type asc
