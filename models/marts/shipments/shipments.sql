select
    shipment_id,
    cast(legacy_instruction_id as integer) as legacy_instruction_id,
    order_id,
    tracking_number,
    carrier,
    shipped_at,
    cast(estimated_delivery_date as date) as estimated_delivery_date,
    ship_to_name,
    ship_to_address,
    ship_to_apartment,
    ship_to_city,
    ship_to_state,
    ship_to_postal_code,
    ship_to_country_code,
    ship_to_country,
    ship_to
from {{ ref('int_shipments__triaged') }}
where disposition = 'migrated'
