with

links as (
    {{ numbered_duplicates(ref('stg_dispatch__record_attachments'), ['legacy_record_attachments_id']) }}
),

messages as (
    select * from {{ ref('messages') }}
),

files as (
    select * from {{ ref('files') }}
),

reasoned as (
    select
        links.*,
        messages.message_id,
        files.file_id,
        case
            when links.legacy_record_attachments_id is null then 'legacy_id_not_given'
            when links.occurrence > 1 then 'duplicate_legacy_id'
            when messages.message_id is null then 'message_not_migrated'
            when files.file_id is null then 'file_not_migrated'
            when {{ occurrence_number('links', ['legacy_record_id', 'legacy_file_id', 'occurrence']) }} > 1
                then 'duplicate_natural_key'
            when {{ any_out_of_range(integers=['links.legacy_record_attachments_id']) }} then 'value_out_of_range'
        end as reason
    from links
    left join messages on links.legacy_record_id = messages.legacy_record_id
    left join files on links.legacy_file_id = files.legacy_file_id
)

select
    {{ entity_key('message_attachments', 'legacy_record_attachments_id') }} as message_attachment_id,
    legacy_record_attachments_id,
    legacy_record_id,
    legacy_file_id,
    message_id,
    file_id,
    {{ disposition('reason') }} as disposition,
    reason
from reasoned
