{% macro postgres__get_table_columns_and_constraints() -%}
    {#- Only not-null and check constraints belong in the create table: keys declared there are checked row by row while
        the rows go in, five times slower than adding them to the loaded table. enforce_declared_keys adds them. -#}
    {%- if model.package_name != project_name -%}
        {{ return(default__get_table_columns_and_constraints()) }}
    {%- endif -%}
    {%- set columns = {} -%}
    {%- for name, column in model.columns.items() -%}
        {%- set row_level = column.constraints | selectattr('type', 'in', ['not_null', 'check']) | list -%}
        {%- do columns.update({name: dict(column, constraints=row_level)}) -%}
    {%- endfor -%}
    (
        {{ adapter.render_raw_columns_constraints(raw_columns=columns) | join(',\n        ') }}
        {%- for constraint in adapter.render_raw_model_constraints(
            raw_constraints=model.constraints | selectattr('type', 'equalto', 'check') | list
        ) %},
        {{ constraint }}
        {%- endfor %}
    )
{%- endmacro %}
