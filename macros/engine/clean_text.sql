{% macro clean_text(expression) -%}
    {{ return(adapter.dispatch('clean_text', 'dispatch')(expression)) }}
{%- endmacro %}

{% macro postgres__clean_text(expression) -%}
    nullif(btrim({{ verbatim_text(expression) }}, E'{{ invisible_characters() }}'), '')
{%- endmacro %}

{% macro spark__clean_text(expression) -%}
    nullif(btrim({{ verbatim_text(expression) }}, '{{ invisible_characters() }}'), '')
{%- endmacro %}

{% macro verbatim_text(expression) -%}
    {{ return(adapter.dispatch('verbatim_text', 'dispatch')(expression)) }}
{%- endmacro %}

{% macro postgres__verbatim_text(expression) -%}
    {#- Every text of a staging model has this collation, and all that is made from it: it is compared and sorted byte
        by byte, whatever the collation of the legacy column and of the database. -#}
    cast({{ expression }} as text) collate "C"
{%- endmacro %}

{% macro spark__verbatim_text(expression) -%}
    cast({{ expression }} as string)
{%- endmacro %}

{% macro invisible_characters() -%}
    {#- Names are pasted from e-mails and web pages, so invisible characters are more than white space: zero-width
        characters, then bidirectional marks. -#}
    {{ return(
        white_space() ~ '\\u200b\\u200c\\u200d\\u2060\\ufeff'
        ~ '\\u061c\\u200e\\u200f\\u202a\\u202b\\u202c\\u202d\\u202e\\u2066\\u2067\\u2068\\u2069'
    ) }}
{%- endmacro %}

{% macro white_space() -%}
    {#- A class such as [:space:] depends on the locale of the database. These escapes are known to a literal and to a
        regular expression of both engines. -#}
    {{ return(
        ' \\t\\n\\u000b\\u000c\\r\\u0085\\u00a0\\u1680\\u2028\\u2029\\u202f\\u205f\\u3000'
        ~ '\\u2000\\u2001\\u2002\\u2003\\u2004\\u2005\\u2006\\u2007\\u2008\\u2009\\u200a'
    ) }}
{%- endmacro %}
