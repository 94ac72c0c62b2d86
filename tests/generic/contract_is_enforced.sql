{% test contract_is_enforced(model) %}

{%- if execute %}
{{ contract_violations(own_nodes('model') | selectattr('alias', 'equalto', model.identifier) | first) }}
{%- endif %}

{% endtest %}
