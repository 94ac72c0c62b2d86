select
    treatment_discussion_id,
    cast(legacy_comment_id as integer) as legacy_comment_id,
    treatment_plan_id,
    author_profile_id,
    body,
    created_at
from {{ ref('int_treatment_discussions__triaged') }}
where disposition = 'migrated'
