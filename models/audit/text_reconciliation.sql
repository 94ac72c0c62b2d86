{%- set texts = {
    'messages': ('dispatch_record', 'text', 'body'),
    'doctor_notes': ('dispatch_note', 'text', 'body'),
    'team_communications': ('dispatch_note', 'text', 'body'),
    'treatment_discussions': ('dispatch_comment', 'text', 'body'),
    'discounts': ('dispatch_discount', 'reason', 'discount_reason'),
} -%}

-- From the source itself: a text that staging changed would be changed on both sides of the comparison.

with

stacked as (
    {%- for entity, (legacy_table, legacy_column, column) in texts.items() %}
    select
        '{{ entity }}' as entity,
        'legacy' as side,
        {{ verbatim_text(adapter.quote(legacy_column)) }} as body
    from {{ source('dispatch', legacy_table) }}
    union all
    select
        '{{ entity }}' as entity,
        'mart' as side,
        {{ column }} as body
    from {{ ref(entity) }}
    union all
    select
        '{{ entity }}' as entity,
        'left_out' as side,
        {{ column }} as body
    from {{ ref('int_' ~ entity ~ '__triaged') }}
    where disposition <> 'migrated'
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

compared as (
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
)

select
    *,
    legacy_rows = mart_rows + left_out_rows
    and legacy_characters = mart_characters + left_out_characters
    and legacy_checksum = kept_checksum as is_equal
from compared
