{% macro is_valid_email(expression) -%}
    {{ return(adapter.dispatch('is_valid_email', 'dispatch')(expression)) }}
{%- endmacro %}

{% macro postgres__is_valid_email(expression) -%}
    coalesce({{ expression }} ~ '^[^@[:space:]<>",;]+@[^@[:space:]<>",;.]+([.][^@[:space:]<>",;.]+)+$', false)
{%- endmacro %}

{% macro spark__is_valid_email(expression) -%}
    coalesce(regexp_like({{ expression }}, r'(?U)^[^@\s<>",;]+@[^@\s<>",;.]+([.][^@\s<>",;.]+)+\z'), false)
{%- endmacro %}
