{% macro add_key(key) -%}
    add constraint "{{ key.name }}" {{ key.type | replace('_', ' ') }} ({{ key.columns | join(', ') }})
    {%- if key.type == 'foreign_key' %} references {{ key.parent.relation_name }} ({{ key.parent_column }}){% endif %}
{%- endmacro %}
