with

source as (

    select * from {{ source('dispatch', 'dispatch_office') }}

),

renamed as (

    select

        ---------- ids
        id as legacy_office_id,
        {{ clean_text('sq_customer_id') }} as sq_customer_id,

        ---------- text
        {{ clean_text('name') }} as name,
        {{ clean_text('address') }} as address,
        {{ clean_text('apt') }} as apt,
        {{ clean_text('city') }} as city,
        {{ clean_text('state') }} as state,
        {{ clean_text('zip') }} as zip,
        {{ clean_text('country') }} as country,
        {{ clean_text('phone') }} as phone,

        ---------- numerics
        cast(tax_rate as {{ type_any_numeric() }}) as tax_percent,

        ---------- booleans
        valid as is_valid,
        emails as has_emails_enabled

    from source

)

select * from renamed
