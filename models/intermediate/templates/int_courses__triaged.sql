with

courses as (
    {{ numbered_duplicates(ref('stg_dispatch__courses'), ['legacy_course_id']) }}
),

reasoned as (
    select
        *,
        case
            when legacy_course_id is null then 'legacy_id_not_given'
            when occurrence > 1 then 'duplicate_legacy_id'
            when {{ any_missing(['type_code']) }} then 'required_value_missing'
            when {{ any_out_of_range(integers=['legacy_course_id', 'type_code']) }} then 'value_out_of_range'
        end as reason
    from courses
)

select
    {{ entity_key('courses', 'legacy_course_id') }} as course_id,
    legacy_course_id,
    name as course_name,
    type_code as legacy_type,
    {{ to_json('customization_json') }} as customization,
    customization_json is not null and {{ to_json('customization_json') }} is null as is_customization_malformed,
    {{ disposition('reason') }} as disposition,
    reason
from reasoned
