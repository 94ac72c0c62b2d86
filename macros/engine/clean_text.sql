{% macro clean_text(expression) -%}
    {{ return(adapter.dispatch('clean_text', 'dispatch')(expression)) }}
{%- endmacro %}

{% macro postgres__clean_text(expression) -%}
    nullif(btrim(cast({{ expression }} as text), E'{{ invisible_characters() }}'), '')
{%- endmacro %}

{% macro spark__clean_text(expression) -%}
    nullif(btrim(cast({{ expression }} as string), '{{ invisible_characters() }}'), '')
{%- endmacro %}

{% macro invisible_characters() -%}
    {#- Names are pasted from e-mails and web pages, so invisible characters are more than U+0020: white space, then
        zero-width characters, then bidirectional marks. Escapes that a literal of both engines knows. -#}
    {{ return(
        ' \\t\\n\\u000b\\u000c\\r\\u0085\\u00a0\\u1680\\u2028\\u2029\\u202f\\u205f\\u3000'
        ~ '\\u2000\\u2001\\u2002\\u2003\\u2004\\u2005\\u2006\\u2007\\u2008\\u2009\\u200a'
        ~ '\\u200b\\u200c\\u200d\\u2060\\ufeff'
        ~ '\\u061c\\u200e\\u200f\\u202a\\u202b\\u202c\\u202d\\u202e\\u2066\\u2067\\u2068\\u2069'
    ) }}
{%- endmacro %}
