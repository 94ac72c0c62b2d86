select
    template_view_group_id,
    cast(legacy_template_view_groups_id as integer) as legacy_template_view_groups_id,
    cast(legacy_group_id as integer) as legacy_group_id,
    template_id,
    team_id,
    group_name
from {{ ref('int_template_view_groups__triaged') }}
where disposition = 'migrated'
