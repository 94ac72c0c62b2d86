select
    treatment_plan_id,
    cast(legacy_plan_id as integer) as legacy_plan_id,
    order_id,
    project_id,
    plan_name,
    cast(plan_number as integer) as plan_number,
    notes,
    is_original
from {{ ref('int_treatment_plans__triaged') }}
where disposition = 'migrated'
