{%- for each in migrated_entities() %}
{%- if each.is_batched %}
-- Its triage is a view over millions of rows; the mart and the rows left out store the dispositions.
select
    '{{ each.entity }}' as entity,
    '{{ each.legacy_table }}' as legacy_table,
    {{ each.legacy_id }} as legacy_id,
    'migrated' as disposition,
    null as reason
from {{ ref(each.entity) }}
union all
{%- endif %}
select
    '{{ each.entity }}' as entity,
    '{{ each.legacy_table }}' as legacy_table,
    {{ each.legacy_id }} as legacy_id,
    disposition,
    reason
from {{ ref('int_' ~ each.entity ~ ('__left_out' if each.is_batched else '__triaged')) }}
{{ 'union all' if not loop.last }}
{%- endfor %}
