{% macro spark__list_schemas(database) -%}
    {#- Overrides dbt-spark's macro. dbt asks for schemas and relations before any hook runs, and keeps the connections:
        a model that is built in one of them needs its settings, too. -#}
    {%- do pin_spark_sessions() -%}
    {{ return(dbt.spark__list_schemas(database)) }}
{%- endmacro %}

{% macro spark__list_relations_without_caching(relation) -%}
    {#- Overrides dbt-spark's macro, as the one before. -#}
    {%- do pin_spark_sessions() -%}
    {{ return(dbt.spark__list_relations_without_caching(relation)) }}
{%- endmacro %}

{% macro pin_spark_sessions() -%}
    {#- Every connection that is opened after this has the settings. Spark's own Thrift server takes them under a longer
        name. -#}
    {%- set parameters = adapter.config.credentials.server_side_parameters -%}
    {%- for name, value in spark_session_settings().items() -%}
        {%- do parameters.update({name: value}) -%}
        {%- if adapter.config.credentials.method == 'thrift' -%}
            {%- do parameters.update({'set:hiveconf:' ~ name: value}) -%}
        {%- endif -%}
    {%- endfor -%}
{%- endmacro %}

{% macro spark_session_settings() -%}
    {#- The settings on which results depend. dbt-spark switches ANSI mode off in every session: a value that does not
        fit would become null, and a name in double quotes a text. -#}
    {{ return({
        'spark.sql.ansi.enabled': 'true',
        'spark.sql.ansi.doubleQuotedIdentifiers': 'true',
        'spark.sql.session.timeZone': 'UTC',
        'spark.sql.variant.allowDuplicateKeys': 'true',
    }) }}
{%- endmacro %}
