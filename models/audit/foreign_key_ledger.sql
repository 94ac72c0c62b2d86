{#- The keys come from the contracts; dbt must see in this file which marts have one at either end. -#}
-- depends_on: {{ ref('cases') }}, {{ ref('categories') }}, {{ ref('courses') }}, {{ ref('doctor_notes') }}
-- depends_on: {{ ref('doctor_offices') }}, {{ ref('doctors') }}, {{ ref('files') }}, {{ ref('jaws') }}
-- depends_on: {{ ref('messages') }}, {{ ref('notifications') }}, {{ ref('offices') }}
-- depends_on: {{ ref('order_events') }}, {{ ref('orders') }}, {{ ref('patients') }}, {{ ref('payment_items') }}
-- depends_on: {{ ref('payment_operations') }}, {{ ref('payments') }}, {{ ref('permissions') }}
-- depends_on: {{ ref('products') }}, {{ ref('profiles') }}, {{ ref('projects') }}
-- depends_on: {{ ref('role_permissions') }}, {{ ref('roles') }}, {{ ref('shipments') }}, {{ ref('tasks') }}
-- depends_on: {{ ref('team_communications') }}, {{ ref('team_members') }}, {{ ref('team_permissions') }}
-- depends_on: {{ ref('teams') }}, {{ ref('technicians') }}, {{ ref('template_edit_roles') }}
-- depends_on: {{ ref('template_predecessors') }}, {{ ref('template_products') }}
-- depends_on: {{ ref('template_view_groups') }}, {{ ref('template_view_roles') }}, {{ ref('templates') }}
-- depends_on: {{ ref('treatment_discussions') }}, {{ ref('treatment_plans') }}
{%- for key in (declared_foreign_keys() if execute else []) %}
{%- for end in (key.child, key.parent) if end.unique_id not in model.depends_on.nodes %}
{{ exceptions.raise_compiler_error("foreign_key_ledger must list the mart " ~ end.name ~ " in a depends_on comment") }}
{%- endfor %}
{%- set child, parent = ref(key.child.name), ref(key.parent.name) %}
{{ 'union all' if not loop.first }}
select
    '{{ key.child.name }}' as child,
    '{{ key.child_column }}' as child_column,
    '{{ key.parent.name }}' as parent,
    count(child.{{ key.child_column }}) as checked_rows,
    count(child.{{ key.child_column }}) - count(parent.{{ key.parent_column }}) as orphan_rows,
    {{ is_foreign_key_enforced(child, key.child_column, parent, key.parent_column) }} as is_enforced
from {{ child.render() }} as child
left join {{ parent.render() }} as parent on child.{{ key.child_column }} = parent.{{ key.parent_column }}
{%- endfor %}
