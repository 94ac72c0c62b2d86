{#- Joined to every notification: without statistics this handful of rows is taken for thousands. -#}
{{ config(post_hook="analyze {{ this }}") }}

with

content_types as (
    select * from {{ ref('stg_django__content_types') }}
),

numbered as (
    select
        content_types.*,
        {{ occurrence_number('content_types', ['legacy_content_type_id']) }} as occurrence
    from content_types
)

select
    legacy_content_type_id,
    app_label,
    model
from numbered
where occurrence = 1 and legacy_content_type_id is not null
