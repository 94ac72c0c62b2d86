{#- Joined to every notification: without statistics the planner expects thousands of rows here, not a few. -#}
{{ config(post_hook="{{ collect_statistics(this) }}") }}

with

content_types as (
    {{ numbered_duplicates(ref('stg_django__content_types'), ['legacy_content_type_id']) }}
)

select
    legacy_content_type_id,
    app_label,
    model
from content_types
where occurrence = 1 and legacy_content_type_id is not null
