{% macro add_foreign_key(child, column, parent_relation, parent_column) -%}
    add constraint "{{ child }}__{{ column }}__fk" foreign key ({{ column }}) references {{ parent_relation }} ({{ parent_column }})
{%- endmacro %}
