select
    template_predecessor_id,
    cast(legacy_template_predecessors_id as integer) as legacy_template_predecessors_id,
    template_id,
    predecessor_id
from {{ ref('int_template_predecessors__triaged') }}
where disposition = 'migrated'
