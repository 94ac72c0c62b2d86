{# What tells a planner how, not what: nothing on an engine that has no such thing. #}
{% macro planner_hint(hint) -%}
    {#- Between `as` and the bracket of a CTE: materialized, or not materialized. -#}
    {{ return(adapter.dispatch('planner_hint', 'dispatch')(hint)) }}
{%- endmacro %}

{% macro postgres__planner_hint(hint) -%}
    {{ hint }}
{%- endmacro %}

{% macro spark__planner_hint(hint) -%}
{%- endmacro %}

{% macro planner_setting(name, value) -%}
    {#- A pre-hook. -#}
    {{ return(adapter.dispatch('planner_setting', 'dispatch')(name, value)) }}
{%- endmacro %}

{% macro postgres__planner_setting(name, value) -%}
    set local {{ name }} = {{ value }}
{%- endmacro %}

{% macro spark__planner_setting(name, value) -%}
{%- endmacro %}

{% macro collect_statistics(relation) -%}
    {#- A post-hook. -#}
    {{ return(adapter.dispatch('collect_statistics', 'dispatch')(relation)) }}
{%- endmacro %}

{% macro postgres__collect_statistics(relation) -%}
    analyze {{ relation }}
{%- endmacro %}

{% macro spark__collect_statistics(relation) -%}
    analyze table {{ relation }} compute statistics
{%- endmacro %}
