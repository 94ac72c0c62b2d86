{% macro postgres__persist_docs(relation, model, for_relation, for_columns) -%}
    {#- dbt's own asks the catalogue twice which columns there are. Contracts and tests have compared them already, and
        all comments fit into one statement. -#}
    {%- set comments -%}
        {%- if for_relation and config.persist_relation_docs() %}
        {{ alter_relation_comment(relation, model.description) }}
        {%- endif -%}
        {%- for name, column in model.columns.items() if for_columns and config.persist_column_docs() %}
        comment on column {{ relation }}.{{ adapter.quote(name) if column.quote else name }}
            is {{ postgres_escape_comment(column.description) }};
        {%- endfor %}
    {%- endset -%}
    {%- if comments | trim -%}
        {% call statement('comments') %}{{ comments }}{% endcall %}
    {%- endif -%}
{%- endmacro %}
