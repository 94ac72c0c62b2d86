{% macro finite(amount) -%}
    {{ return(adapter.dispatch('finite', 'dispatch')(amount)) }}
{%- endmacro %}

{% macro postgres__finite(amount) -%}
    nullif({{ amount }}, 'NaN')
{%- endmacro %}
