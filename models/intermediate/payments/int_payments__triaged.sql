with

payments as (
    {{ numbered_duplicates(ref('stg_dispatch__payments'), ['legacy_payment_id']) }}
),

orders as (
    select * from {{ ref('int_orders__dispositions') }}
),

doctors as (
    select * from {{ ref('doctors') }}
),

offices as (
    select * from {{ ref('offices') }}
),

-- Only operations that pass their own checks: these are the ones that follow the payment into its mart.
refunds as (
    select
        legacy_payment_id,
        sum(price) as refunded_amount
    from {{ ref('int_payment_operations__checked') }}
    where operation_type = 'refund' and own_reason is null
    group by legacy_payment_id
),

referenced as (
    select
        payments.*,
        {{ to_json_list('payments.installments_json') }} as installments,
        coalesce(refunds.refunded_amount, 0) as refunded_amount,
        orders.order_id,
        orders.patient_id,
        orders.legacy_instruction_id as found_instruction_id,
        orders.reason as order_reason,
        doctors.doctor_id,
        offices.office_id
    from payments
    left join orders
        on payments.legacy_instruction_id = orders.legacy_instruction_id
    left join doctors on payments.legacy_doctor_user_id = doctors.legacy_user_id
    left join offices on payments.legacy_office_id = offices.legacy_office_id
    left join refunds on payments.legacy_payment_id = refunds.legacy_payment_id
),

reasoned as (
    select
        *,
        case
            when legacy_payment_id is null then 'legacy_id_not_given'
            when occurrence > 1 then 'duplicate_legacy_id'
            when legacy_instruction_id is null then 'instruction_not_given'
            when found_instruction_id is null then 'order_not_found'
            when order_reason is not null then order_reason
            when {{ any_missing([
                'total_price', 'paid_price', 'subtotal_price', 'tax_value', 'additional_price', 'used_credit',
                'tax_percent', 'is_free', 'is_cancelled', 'is_paid', 'is_netsuite',
            ]) }} then 'required_value_missing'
            when {{ any_out_of_range(
                dates=['made_at'],
                amounts=[
                    'total_price', 'paid_price', 'subtotal_price', 'tax_value', 'additional_price', 'used_credit',
                    'custom_price', 'refunded_amount',
                ],
                percents=['tax_percent'],
                integers=['legacy_payment_id', 'legacy_doctor_user_id', 'legacy_office_id'],
            ) }} then 'value_out_of_range'
        end as reason
    from referenced
)

select
    {{ entity_key('payments', 'legacy_payment_id') }} as payment_id,
    legacy_payment_id,
    legacy_instruction_id,
    legacy_doctor_user_id,
    legacy_office_id,
    order_id,
    patient_id,
    doctor_id,
    office_id,
    case
        when is_cancelled then 'cancelled'
        when is_paid or is_free then 'completed'
        else 'pending'
    end as status,
    case
        when is_free then null
        when is_netsuite then 'other'
        else 'card'
    end as method,
    total_price as amount,
    paid_price as paid_amount,
    refunded_amount,
    subtotal_price as subtotal_amount,
    tax_value as tax_amount,
    round(tax_percent / 100, 6) as tax_rate,
    additional_price as additional_amount,
    used_credit as used_credit_amount,
    custom_price as custom_amount,
    installments,
    -- An empty text is how the legacy form saved "no installments".
    coalesce(installments_json, '') <> '' and installments is null as is_installments_malformed,
    is_free,
    is_cancelled,
    is_paid,
    is_netsuite,
    made_at,
    {{ disposition('reason') }} as disposition,
    reason
from reasoned
