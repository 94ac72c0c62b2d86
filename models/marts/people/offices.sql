select
    office_id,
    cast(legacy_office_id as integer) as legacy_office_id,
    office_name,
    address,
    apartment,
    city,
    state,
    postal_code,
    legacy_country,
    country_code,
    country_name,
    phone,
    square_customer_id,
    has_emails_enabled,
    cast(tax_rate as numeric(9, 6)) as tax_rate
from {{ ref('int_offices__triaged') }}
where disposition = 'migrated'
