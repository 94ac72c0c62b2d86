{%- for each in migrated_entities() %}
select
    '{{ each.entity }}' as entity,
    '{{ each.legacy_table }}' as legacy_table,
    {{ each.legacy_id }} as legacy_id,
    disposition,
    reason
from {{ ref('int_' ~ each.entity ~ '__triaged') }}
{{ 'union all' if not loop.last }}
{%- endfor %}
