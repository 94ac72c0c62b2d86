{# Types that engines call by different names; text is dbt.type_string(). #}
{% macro type_any_numeric() -%}
    {{ return(adapter.dispatch('type_any_numeric', 'dispatch')()) }}
{%- endmacro %}

{% macro postgres__type_any_numeric() -%}
    numeric
{%- endmacro %}

{% macro spark__type_any_numeric() -%}
    {#- A decimal needs a scale: the export gives no column more than ten places, and none more than 28 digits before
        them. -#}
    decimal(38, 10)
{%- endmacro %}

{% macro engine_type(data_type) -%}
    {#- A type as the contracts call it, by its name in this engine. -#}
    {{ return(adapter.dispatch('engine_type', 'dispatch')(data_type)) }}
{%- endmacro %}

{% macro postgres__engine_type(data_type) -%}
    {{ return(data_type) }}
{%- endmacro %}

{% macro spark__engine_type(data_type) -%}
    {{ return({
        'text': 'string',
        'uuid': 'string',
        'jsonb': 'string',
        'integer': 'int',
        'timestamp with time zone': 'timestamp',
    }.get(data_type, data_type)) }}
{%- endmacro %}
