{#- The keys come from the contracts; dbt must see in this file which marts declare one, and so come before it. -#}
-- depends_on: {{ ref('cases') }}, {{ ref('categories') }}, {{ ref('doctor_notes') }}, {{ ref('doctor_offices') }}
-- depends_on: {{ ref('doctors') }}, {{ ref('files') }}, {{ ref('jaws') }}, {{ ref('messages') }}
-- depends_on: {{ ref('notifications') }}, {{ ref('order_events') }}, {{ ref('orders') }}, {{ ref('patients') }}
-- depends_on: {{ ref('payment_items') }}, {{ ref('payment_operations') }}, {{ ref('payments') }}
-- depends_on: {{ ref('products') }}, {{ ref('projects') }}, {{ ref('role_permissions') }}, {{ ref('roles') }}
-- depends_on: {{ ref('shipments') }}, {{ ref('tasks') }}, {{ ref('team_communications') }}
-- depends_on: {{ ref('team_members') }}, {{ ref('team_permissions') }}, {{ ref('technicians') }}
-- depends_on: {{ ref('template_edit_roles') }}, {{ ref('template_predecessors') }}, {{ ref('template_products') }}
-- depends_on: {{ ref('template_view_groups') }}, {{ ref('template_view_roles') }}, {{ ref('templates') }}
-- depends_on: {{ ref('treatment_discussions') }}, {{ ref('treatment_plans') }}
{%- for key in (declared_foreign_keys() if execute else []) %}
{%- if key.child.unique_id not in model.depends_on.nodes %}
{{ exceptions.raise_compiler_error("foreign_key_ledger must list the mart " ~ key.child.name ~ " in a depends_on comment") }}
{%- endif %}
{%- set child = api.Relation.create(key.child.database, key.child.schema, key.child.alias) %}
{%- set parent = api.Relation.create(key.parent.database, key.parent.schema, key.parent.alias) %}
{{ 'union all' if not loop.first }}
select
    '{{ key.child.name }}' as child,
    '{{ key.child_column }}' as child_column,
    '{{ key.parent.name }}' as parent,
    count(child.{{ key.child_column }}) as checked_rows,
    count(child.{{ key.child_column }}) - count(parent.{{ key.parent_column }}) as orphan_rows,
    {{ is_foreign_key_enforced(child, key.child_column, parent, key.parent_column) }} as is_enforced
from {{ child }} as child
left join {{ parent }} as parent on child.{{ key.child_column }} = parent.{{ key.parent_column }}
{%- endfor %}
