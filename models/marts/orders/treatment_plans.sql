select
    treatment_plan_id,
    legacy_plan_id,
    order_id,
    project_id,
    plan_name,
    plan_number,
    notes,
    is_original
from {{ ref('int_treatment_plans__triaged') }}
where disposition = 'migrated'
