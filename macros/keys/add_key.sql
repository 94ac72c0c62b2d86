{% macro add_key(key) -%}
    {#- The add constraint clause of a primary, unique or foreign key of declared_constraints. -#}
    add constraint "{{ key.name }}" {{ key.type | replace('_', ' ') }} ({{ key.columns | join(', ') }})
    {%- if key.type == 'foreign_key' %} references {{ key.parent.relation_name }} ({{ key.parent_column }}){% endif %}
{%- endmacro %}
