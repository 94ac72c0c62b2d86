with

offices as (
    {{ numbered_duplicates(ref('stg_dispatch__offices'), ['legacy_office_id']) }}
),

countries as (
    select * from {{ ref('country_names') }}
),

reasoned as (
    select
        offices.*,
        countries.country_code,
        countries.country_name,
        case
            when offices.legacy_office_id is null then 'legacy_id_not_given'
            when offices.occurrence > 1 then 'duplicate_legacy_id'
            when not offices.is_valid then 'office_not_valid'
            when {{ any_missing(['offices.is_valid', 'offices.tax_percent', 'offices.has_emails_enabled']) }}
                then 'required_value_missing'
            when {{ any_out_of_range(
                percents=['offices.tax_percent'],
                integers=['offices.legacy_office_id'],
            ) }} then 'value_out_of_range'
        end as reason
    from offices
    left join countries on {{ lower_case('offices.country') }} = countries.spelling
)

select
    {{ entity_key('offices', 'legacy_office_id') }} as office_id,
    legacy_office_id,
    name as office_name,
    address,
    apt as apartment,
    city,
    state,
    zip as postal_code,
    country as legacy_country,
    country_code,
    country_name,
    phone,
    sq_customer_id as square_customer_id,
    has_emails_enabled,
    -- Stored as a percent: 10.2500 means 10.25 %, 0.1025 of the price.
    round(tax_percent / 100, 6) as tax_rate,
    {{ disposition('reason', excluding=['office_not_valid']) }} as disposition,
    reason
from reasoned
