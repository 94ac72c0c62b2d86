{% macro is_valid_email(expression) -%}
    {{ return(adapter.dispatch('is_valid_email', 'dispatch')(expression)) }}
{%- endmacro %}

{% macro postgres__is_valid_email(expression) -%}
    coalesce({{ expression }} ~ '^{{ email_pattern() }}$', false)
{%- endmacro %}

{% macro spark__is_valid_email(expression) -%}
    coalesce(regexp_like({{ expression }}, r'^{{ email_pattern() }}\z'), false)
{%- endmacro %}

{% macro email_pattern() -%}
    {#- A regular expression of both engines. -#}
    {%- set excluded = invisible_characters() ~ '\\u00ad<>",;' -%}
    {{ return('[^@' ~ excluded ~ ']+@[^@' ~ excluded ~ '.]+([.][^@' ~ excluded ~ '.]+)+') }}
{%- endmacro %}
