{% test contract_is_enforced(model) %}

{%- if execute %}
{%- set models = graph.nodes.values() | selectattr('resource_type', 'equalto', 'model') %}
{{ contract_violations(models | selectattr('alias', 'equalto', model.identifier) | first) }}
{%- endif %}

{% endtest %}
