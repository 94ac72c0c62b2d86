with

offices as (
    select * from {{ ref('offices') }}
),

shipped_orders as (
    select * from {{ ref('orders') }}
    where status = 'shipped'
),

addressed as (
    select
        shipped_orders.*,
        offices.office_name,
        offices.address,
        offices.apartment,
        offices.city,
        offices.state,
        offices.postal_code,
        offices.country_code,
        coalesce(offices.country_name, offices.legacy_country) as country
    from shipped_orders
    left join offices on shipped_orders.office_id = offices.office_id
)

select
    {{ entity_key('shipments', 'legacy_instruction_id') }} as shipment_id,
    legacy_instruction_id,
    order_id,
    'LEGACY_' || cast(legacy_instruction_id as {{ dbt.type_string() }}) as tracking_number,
    {{ sql_var('shipment_carrier') }} as carrier,
    shipped_at,
    cast(
        {{ dbt.dateadd('day', sql_var('shipment_transit_days'), utc('shipped_at')) }} as date
    ) as estimated_delivery_date,
    office_name as ship_to_name,
    address as ship_to_address,
    apartment as ship_to_apartment,
    city as ship_to_city,
    state as ship_to_state,
    postal_code as ship_to_postal_code,
    country_code as ship_to_country_code,
    country as ship_to_country,
    {{ json_object({
        'name': 'office_name',
        'address': 'address',
        'apartment': 'apartment',
        'city': 'city',
        'state': 'state',
        'postal_code': 'postal_code',
        'country_code': 'country_code',
        'country': 'country',
    }) }} as ship_to,
    -- No shipment is rejected: every order with a defect was left out of the mart.
    'migrated' as disposition,
    cast(null as {{ dbt.type_string() }}) as reason
from addressed
