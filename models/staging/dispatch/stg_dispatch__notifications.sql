with

source as (

    select * from {{ source('dispatch', 'dispatch_notification') }}

),

renamed as (

    select

        ---------- ids
        id as legacy_notification_id,
        recipient_id as legacy_recipient_user_id,
        item_id as legacy_item_id,
        item_type_id as legacy_item_content_type_id,

        ---------- text
        {{ clean_text('sender') }} as sender,
        {{ clean_text('template_name') }} as template_name,
        {{ verbatim_text('template_context') }} as context_json,

        ---------- booleans
        {{ adapter.quote('read') }} as is_read,
        send as is_to_be_emailed,
        sent as is_emailed,

        ---------- timestamps
        {{ legacy_time('created_at') }} as created_at,

        ---------- change detection
        {{ row_hash('source') }} as row_hash,

        ---------- guarantees
        {{ has_unique_index(source('dispatch', 'dispatch_notification'), 'id') }} as has_unique_legacy_ids

    from source

)

select * from renamed
