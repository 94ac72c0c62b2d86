{% macro nan_to_null(amount) -%}
    {{ return(adapter.dispatch('nan_to_null', 'dispatch')(amount)) }}
{%- endmacro %}

{% macro default__nan_to_null(amount) -%}
    case when abs({{ amount }}) < 1e24 then {{ amount }} end
{%- endmacro %}
