with

source as (

    select * from {{ source('dispatch', 'dispatch_operation') }}

),

renamed as (

    select

        ---------- ids
        id as legacy_operation_id,
        {{ clean_text('sq_order_id') }} as sq_order_id,
        {{ clean_text('sq_payment_id') }} as sq_payment_id,
        {{ clean_text('sq_refund_id') }} as sq_refund_id,
        payment_id as legacy_payment_id,

        ---------- codes
        type as type_code,

        ---------- text
        {{ clean_text('card_brand') }} as card_brand,
        {{ clean_text('card_bin') }} as card_bin,
        {{ clean_text('card_last') }} as card_last,

        ---------- numerics
        cast(price as {{ type_any_numeric() }}) as price,
        attempts,

        ---------- booleans
        office_card as is_office_card,

        ---------- timestamps
        {{ legacy_time('made_at') }} as made_at

    from source

)

select * from renamed
