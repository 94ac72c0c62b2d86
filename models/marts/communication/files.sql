select
    file_id,
    cast(legacy_file_id as integer) as legacy_file_id,
    cast(legacy_instruction_id as integer) as legacy_instruction_id,
    cast(legacy_record_id as integer) as legacy_record_id,
    order_id,
    message_id,
    legacy_uid,
    file_name,
    file_extension,
    cast(size_bytes as bigint) as size_bytes,
    cast(legacy_type as integer) as legacy_type,
    cast(legacy_status as integer) as legacy_status,
    parameters,
    is_parameters_malformed,
    created_at
from {{ ref('int_files__triaged') }}
where disposition = 'migrated'
