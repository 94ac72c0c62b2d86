{% macro declared_columns() -%}
    {#- Values: table, column ('' for the table itself), and why it is not migrated, if it is not. -#}
    values (cast(null as text), cast(null as text), cast(null as text))
    {%- if execute %}
    {%- for source in graph.sources.values() | selectattr('package_name', 'equalto', project_name) %}
    , ({{ sql_text(source.identifier) }}, '', null)
    {%- for column in source.columns.values() %}
    {%- set meta = column.config.meta %}
    {%- set reason = 'It is secret and never leaves the legacy server.' if meta.secret else meta.not_migrated %}
    , ({{ sql_text(source.identifier) }}, {{ sql_text(column.name) }}, {{ sql_text(reason) if reason else 'null' }})
    {%- endfor %}
    {%- endfor %}
    {%- endif %}
{%- endmacro %}
