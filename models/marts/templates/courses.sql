select
    course_id,
    legacy_course_id,
    course_name,
    legacy_type,
    customization,
    is_customization_malformed
from {{ ref('int_courses__triaged') }}
where disposition = 'migrated'
