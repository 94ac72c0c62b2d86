{% macro is_json(expression) -%}
    {{ return(adapter.dispatch('is_json', 'dispatch')(expression)) }}
{%- endmacro %}

{# Not "is json": it accepts \u0000 and lone surrogates, which the cast to jsonb then refuses. Text nested some ten
   thousand levels deep exhausts the stack of the parser, an error that pg_input_is_valid does not catch: it counts as
   malformed. Brackets are counted in long texts only, because counting takes longer than the rest. #}
{% macro postgres__is_json(expression) -%}
    case
        when {{ expression }} is null then null
        when
            octet_length({{ expression }}) > 5000
            and length({{ expression }}) - length(translate({{ expression }}, '[{', '')) > 5000
            then false
        else pg_input_is_valid({{ expression }}, 'jsonb')
    end
{%- endmacro %}
