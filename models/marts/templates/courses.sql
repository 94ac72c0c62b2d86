select
    course_id,
    cast(legacy_course_id as integer) as legacy_course_id,
    course_name,
    cast(legacy_type as integer) as legacy_type,
    customization,
    is_customization_malformed
from {{ ref('int_courses__triaged') }}
where disposition = 'migrated'
