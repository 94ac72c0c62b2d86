with

source as (

    select * from {{ source('dispatch', 'dispatch_discount') }}

),

renamed as (

    select

        ---------- ids
        id as legacy_discount_id,
        offer_id as legacy_offer_id,

        ---------- text
        {{ verbatim_text('reason') }} as discount_reason,

        ---------- numerics
        percent as discount_percent,
        {{ adapter.quote('count') }} as legacy_count,
        {{ adapter.quote('total') }} as legacy_total,
        used as legacy_used,

        ---------- dates and timestamps
        {{ adapter.quote('start') }} as start_date,
        finish as finish_date

    from source

)

select * from renamed
