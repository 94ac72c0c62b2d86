{{ config(severity='warn', fail_calc='coalesce(sum(repeated_times + skipped_times), 0)') }}

{%- set tables = graph.sources.values() | selectattr('package_name', 'equalto', project_name) | list
    if execute and sql_var('legacy_time_zone') != "''" else [] %}

with

times as (
    {%- for table in tables %}
    {%- for column in table.columns.values() if column.data_type == 'timestamp with time zone' %}
    select
        '{{ table.identifier }}' as legacy_table,
        '{{ column.name }}' as legacy_column,
        {{ clock_change(adapter.quote(column.name)) }} as clock_change
    from {{ source(table.source_name, table.name) }}
    union all
    {%- endfor %}
    {%- endfor %}
    select
        cast(null as {{ dbt.type_string() }}) as legacy_table,
        cast(null as {{ dbt.type_string() }}) as legacy_column,
        cast(null as {{ dbt.type_string() }}) as clock_change
)

select
    legacy_table,
    legacy_column,
    count(case when clock_change = 'repeated' then 1 end) as repeated_times,
    count(case when clock_change = 'skipped' then 1 end) as skipped_times
from times
where clock_change is not null
group by legacy_table, legacy_column
