{% macro postgres__get_table_columns_and_constraints() -%}
    {#- Overrides dbt's macro. The create table has not-null and check constraints only: keys declared there are checked
        row by row during the load, five times slower than adding them to the loaded table, as enforce_declared_keys
        does. dbt's macro would also leave out the name of a check that is declared at a column. -#}
    {%- if model.package_name != project_name -%}
        {{ return(default__get_table_columns_and_constraints()) }}
    {%- endif -%}
    {%- set columns = {} -%}
    {%- for name, column in model.columns.items() -%}
        {%- set not_null = column.constraints | selectattr('type', 'equalto', 'not_null') | list -%}
        {%- do columns.update({name: dict(column, constraints=not_null)}) -%}
    {%- endfor -%}
    (
        {{ adapter.render_raw_columns_constraints(raw_columns=columns) | join(',\n        ') }}
        {%- for constraint in declared_constraints(model) if constraint.type == 'check' %},
        constraint "{{ constraint.name }}" check ({{ constraint.expression }})
        {%- endfor %}
    )
{%- endmacro %}
