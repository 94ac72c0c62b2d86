{# dbt-spark's own seeds know neither the types of the project nor values with a quote in them. #}
{% macro spark__create_csv_table(model, agate_table) -%}
    {#- Statement that creates the table of a seed, with the declared types. -#}
    {%- set sql -%}
        create table {{ this.render() }} (
        {%- for name in agate_table.column_names %}
            {{ name }} {{ seed_type(model, agate_table, loop.index0) }}{{ ',' if not loop.last }}
        {%- endfor %}
        ) {{ file_format_clause() }}
    {%- endset -%}
    {%- do run_query(sql) -%}
    {{ return(sql) }}
{%- endmacro %}

{% macro spark__load_csv_rows(model, agate_table) -%}
    {#- Statement that inserts the rows of a seed. -#}
    {%- set sql -%}
        insert into {{ this.render() }} values
        {%- for row in agate_table.rows %}
        (
            {%- for value in row.values() -%}
                {%- set escaped = (value | string).replace('\\', '\\\\').replace("'", "\\'") -%}
                {%- set literal = 'null' if value is none else "'" ~ escaped ~ "'" -%}
                cast({{ literal }} as {{ seed_type(model, agate_table, loop.index0) }}){{ ', ' if not loop.last }}
            {%- endfor -%}
        ){{ ',' if not loop.last }}
        {%- endfor %}
    {%- endset -%}
    {%- if agate_table.rows | length > 0 -%}
        {%- do adapter.add_query(sql, abridge_sql_log=True) -%}
    {%- endif -%}
    {{ return(sql) }}
{%- endmacro %}

{% macro seed_type(model, agate_table, position) -%}
    {#- The declared type of a column of a seed, by its name in Spark. -#}
    {%- set name = agate_table.column_names[position] -%}
    {{ return(engine_type(model.config.column_types.get(name, adapter.convert_type(agate_table, position)))) }}
{%- endmacro %}
