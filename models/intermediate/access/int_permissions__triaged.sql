with

permissions as (
    {{ numbered_duplicates(ref('stg_django__permissions'), ['legacy_permission_id']) }}
),

content_types as (
    select * from {{ ref('int_content_types__distinct') }}
),

reasoned as (
    select
        permissions.*,
        content_types.app_label,
        content_types.model,
        case
            when permissions.legacy_permission_id is null then 'legacy_id_not_given'
            when permissions.occurrence > 1 then 'duplicate_legacy_id'
            when {{ any_out_of_range(integers=['permissions.legacy_permission_id']) }} then 'value_out_of_range'
        end as reason
    from permissions
    left join content_types on permissions.legacy_content_type_id = content_types.legacy_content_type_id
)

select
    {{ entity_key('permissions', 'legacy_permission_id') }} as permission_id,
    legacy_permission_id,
    legacy_content_type_id,
    name as permission_name,
    codename,
    app_label,
    model as model_name,
    {{ disposition('reason') }} as disposition,
    reason
from reasoned
