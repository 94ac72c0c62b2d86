{% macro lower_case(expression) -%}
    {{ return(adapter.dispatch('lower_case', 'dispatch')(expression)) }}
{%- endmacro %}

{% macro postgres__lower_case(expression) -%}
    {#- Letter by letter: ICU alone lowers a sigma at the end of a word and a dotted I otherwise. -#}
    lower(translate({{ expression }}, 'İΣ', 'iσ') collate {{ letter_collation() }}) collate "C"
{%- endmacro %}

{% macro spark__lower_case(expression) -%}
    {#- Letter by letter, as PostgreSQL does: Java lowers a sigma at the end of a word and a dotted I otherwise. -#}
    array_join(transform(split(replace({{ expression }}, 'İ', 'i'), ''), letter -> lower(letter)), '')
{%- endmacro %}

{% macro letter_collation() -%}
    {#- A collation that knows the letters of Unicode and the rules of no language: PostgreSQL's own from version 17 on,
        else that of ICU, else the database's, which assert_session then tries out. -#}
    {%- set found = run_query(
        "select collname from pg_catalog.pg_collation where collname in ('pg_c_utf8', 'und-x-icu') order by 1"
    ).columns[0].values() if execute else () -%}
    {{ return(adapter.quote(found | first | default('default'))) }}
{%- endmacro %}
