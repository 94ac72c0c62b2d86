select
    file_id,
    legacy_file_id,
    legacy_instruction_id,
    legacy_record_id,
    order_id,
    message_id,
    legacy_uid,
    file_name,
    file_extension,
    size_bytes,
    legacy_type,
    legacy_status,
    parameters,
    is_parameters_malformed,
    created_at
from {{ ref('int_files__triaged') }}
where disposition = 'migrated'
