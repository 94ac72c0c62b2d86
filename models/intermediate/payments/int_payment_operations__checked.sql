with

operations as (
    {{ numbered_duplicates(ref('stg_dispatch__operations'), ['legacy_operation_id']) }}
),

operation_types as (
    select * from {{ ref('payment_operation_types') }}
),

decoded as (
    select
        operations.*,
        -- The card processor stored no type for an ordinary payment.
        case
            when operations.type_code is null then 'payment'
            else coalesce(operation_types.operation_type, 'unmapped')
        end as operation_type
    from operations
    left join operation_types
        on operations.type_code = operation_types.type_code
),

checked as (
    select
        *,
        case
            when legacy_operation_id is null then 'legacy_id_not_given'
            when occurrence > 1 then 'duplicate_legacy_id'
            when {{ any_missing(['price', 'is_office_card', 'attempts']) }} then 'required_value_missing'
            when {{ any_out_of_range(
                dates=['made_at'],
                amounts=['price'],
                integers=['legacy_operation_id', 'type_code', 'attempts'],
            ) }} then 'value_out_of_range'
        end as reason_without_others
    from decoded
)

select
    legacy_operation_id,
    legacy_payment_id,
    sq_order_id,
    sq_payment_id,
    sq_refund_id,
    type_code,
    operation_type,
    price,
    attempts,
    card_brand,
    card_bin,
    card_last,
    is_office_card,
    made_at,
    -- Only valid refunds are compared: an invalid row must not reject the valid one that repeats its refund.
    case
        when reason_without_others is not null then reason_without_others
        when
            operation_type = 'refund'
            and sq_refund_id is not null
            and {{ occurrence_number('checked', ['sq_refund_id', 'operation_type', 'reason_without_others']) }} > 1
            then 'duplicate_natural_key'
    end as own_reason
from checked
