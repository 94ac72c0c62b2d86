{% macro finite(amount) -%}
    {{ return(adapter.dispatch('finite', 'dispatch')(amount)) }}
{%- endmacro %}

{% macro postgres__finite(amount) -%}
    case when abs({{ amount }}) < 1e24 then {{ amount }} end
{%- endmacro %}
