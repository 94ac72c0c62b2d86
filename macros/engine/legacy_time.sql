{% macro legacy_time(expression) -%}
    {{ return(adapter.dispatch('legacy_time', 'dispatch')(expression)) }}
{%- endmacro %}

{% macro postgres__legacy_time(expression) -%}
    {%- if sql_var('legacy_time_zone') == "''" -%}
        cast({{ expression }} as timestamp with time zone)
    {%- else -%}
        case
            when {{ is_naive(expression) }}
                then cast({{ expression }} as timestamp) at time zone {{ sql_var('legacy_time_zone') }}
            else cast({{ expression }} as timestamp with time zone)
        end
    {%- endif -%}
{%- endmacro %}

{% macro spark__legacy_time(expression) -%}
    {#- The export has converted the times without a zone. -#}
    cast({{ expression }} as timestamp)
{%- endmacro %}

{% macro is_naive(expression) -%}
    {#- The type is asked for in SQL, so that the compiled model does not depend on the database. The first and the last
        days that PostgreSQL knows cannot be moved to another zone; they are out of range in any. -#}
    pg_typeof({{ expression }}) = cast('timestamp' as regtype)
    and cast({{ expression }} as timestamp) between '4713-01-02 BC' and '294276-12-30'
{%- endmacro %}

{% macro clock_change(expression) -%}
    {{ return(adapter.dispatch('clock_change', 'dispatch')(expression)) }}
{%- endmacro %}

{% macro postgres__clock_change(expression) -%}
    {%- set zone = sql_var('legacy_time_zone') -%}
    {%- set local = 'cast(' ~ expression ~ ' as timestamp)' -%}
    {%- set moment = '(' ~ local ~ ' at time zone ' ~ zone ~ ')' -%}
    {#- What the clock would show if it had not been changed in the 24 hours before. -#}
    {%- set unchanged -%}
        (({{ moment }} - interval '24 hours') at time zone {{ zone }} + interval '24 hours')
    {%- endset -%}
    case
        when not ({{ is_naive(expression) }}) then null
        when {{ moment }} at time zone {{ zone }} <> {{ local }} then 'skipped'
        when
            {{ unchanged }} > {{ local }}
            and ({{ moment }} - ({{ unchanged }} - {{ local }})) at time zone {{ zone }} = {{ local }}
            then 'repeated'
    end
{%- endmacro %}

{% macro spark__clock_change(expression) -%}
    {#- The export has converted the times without a zone. -#}
    cast(null as string)
{%- endmacro %}
