{# How dbt-spark holds a model to its contract: it compares names and types, then casts every column to its type. #}
{% macro spark__get_empty_schema_sql(columns) -%}
    {#- A query without rows that has the columns and types of the contract. -#}
    select
    {%- for column in columns.values() %}
        cast(null as {{ engine_type(column.data_type) }}) as {{ column.name }}{{ ',' if not loop.last }}
    {%- endfor %}
{%- endmacro %}

{% macro spark__format_column(column) -%}
    {#- As on PostgreSQL, the name of the type must agree; precision and scale are the contract's. -#}
    {%- set data_type = column.dtype.split('(')[0] -%}
    {{ return({'name': column.name, 'data_type': data_type, 'formatted': column.column.lower() ~ ' ' ~ data_type}) }}
{%- endmacro %}

{% macro spark__get_select_subquery(sql) -%}
    {#- A null where the contract has none ends the build, as a not-null constraint does on PostgreSQL. -#}
    select
    {%- for column in model.columns.values() %}
        {%- set value = 'cast(' ~ column.name ~ ' as ' ~ engine_type(column.data_type) ~ ')' -%}
        {%- if column.constraints | selectattr('type', 'in', ['not_null', 'primary_key']) | list -%}
            {%- set message = 'null in ' ~ this.identifier ~ '.' ~ column.name -%}
            {%- set value = 'coalesce(' ~ value ~ ", raise_error('" ~ message ~ "'))" -%}
        {%- endif %}
        {{ value }} as {{ column.name }}{{ ',' if not loop.last }}
    {%- endfor %}
    from (
        {{ sql }}
    ) as model_subq
{%- endmacro %}

{% macro spark__persist_constraints(relation, model) -%}
    {#- Nothing: the relationships tests and contract_is_enforced look for what breaks a key or a check. -#}
{%- endmacro %}

{% macro engine_expression(expression) -%}
    {#- An expression of a contract, in the SQL of this engine. -#}
    {{ return(adapter.dispatch('engine_expression', 'dispatch')(expression)) }}
{%- endmacro %}

{% macro default__engine_expression(expression) -%}
    {#- Unchanged: contracts are written in the SQL of PostgreSQL. -#}
    {{ return(expression) }}
{%- endmacro %}

{% macro spark__engine_expression(expression) -%}
    {#- The time zone of the session is UTC. -#}
    {{ return(expression | replace(" at time zone 'UTC'", '')) }}
{%- endmacro %}
