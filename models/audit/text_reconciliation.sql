{%- set texts = {
    'messages': 'stg_dispatch__records',
    'doctor_notes': 'stg_dispatch__notes',
    'team_communications': 'stg_dispatch__notes',
    'treatment_discussions': 'stg_dispatch__comments',
} -%}

with

stacked as (
    {%- for entity, staging in texts.items() %}
    select
        '{{ entity }}' as entity,
        'legacy' as side,
        text as body
    from {{ ref(staging) }}
    union all
    select
        '{{ entity }}' as entity,
        'mart' as side,
        body
    from {{ ref(entity) }}
    union all
    select
        '{{ entity }}' as entity,
        'left_out' as side,
        body
    from {{ ref('int_' ~ entity ~ '__triaged') }}
    where disposition <> 'migrated'
    {{ 'union all' if not loop.last }}
    {%- endfor %}
)

select
    entity,
    count(case when side = 'legacy' then 1 end) as legacy_rows,
    count(case when side = 'mart' then 1 end) as mart_rows,
    count(case when side = 'left_out' then 1 end) as left_out_rows,
    coalesce(sum(case when side = 'legacy' then length(body) end), 0) as legacy_characters,
    coalesce(sum(case when side = 'mart' then length(body) end), 0) as mart_characters,
    coalesce(sum(case when side = 'left_out' then length(body) end), 0) as left_out_characters,
    {{ text_checksum("case when side = 'legacy' then body end") }} as legacy_checksum,
    {{ text_checksum("case when side <> 'legacy' then body end") }} as kept_checksum
from stacked
group by entity
