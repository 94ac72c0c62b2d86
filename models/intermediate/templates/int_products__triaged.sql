with

products as (
    {{ numbered_duplicates(ref('stg_dispatch__products'), ['legacy_product_id']) }}
),

courses as (
    select * from {{ ref('courses') }}
),

catalogue_courses as (
    select * from {{ ref('catalogue_courses') }}
),

reasoned as (
    select
        products.*,
        courses.course_id,
        case
            when products.legacy_product_id is null then 'legacy_id_not_given'
            when products.occurrence > 1 then 'duplicate_legacy_id'
            when products.is_deleted then 'product_deleted'
            when courses.course_id is not null and catalogue_courses.legacy_course_id is null
                then 'course_not_in_catalogue'
            when courses.course_id is null then 'course_not_migrated'
            when {{ any_missing(['products.is_deleted', 'products.is_free', 'products.is_substitute']) }}
                then 'required_value_missing'
            when {{ any_out_of_range(
                integers=['products.legacy_product_id', 'products.type_code'],
            ) }} then 'value_out_of_range'
        end as reason
    from products
    left join courses on products.legacy_course_id = courses.legacy_course_id
    left join catalogue_courses
        on products.legacy_course_id = catalogue_courses.legacy_course_id
)

select
    {{ entity_key('products', 'legacy_product_id') }} as product_id,
    legacy_product_id,
    legacy_course_id,
    course_id,
    name as product_name,
    description,
    type_code as legacy_type,
    is_free,
    is_substitute,
    {{ to_json('customization_json') }} as customization,
    customization_json is not null and {{ to_json('customization_json') }} is null as is_customization_malformed,
    {{ disposition('reason', excluding=['product_deleted', 'course_not_in_catalogue']) }} as disposition,
    reason
from reasoned
