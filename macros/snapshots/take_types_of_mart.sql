{% macro take_types_of_mart() -%}
    {#- The statements run in the transaction of the snapshot: when it fails, the history stays as it was. -#}
    {%- set history = load_relation(this) if execute and flags.WHICH in ('build', 'snapshot') -%}
    {%- if history -%}
        {%- set mart = ref(graph.nodes[model.depends_on.nodes[0]].name) -%}
        {%- set types = {} -%}
        {%- for column in adapter.get_columns_in_relation(mart) -%}
            {%- do types.update({column.name: column.data_type}) -%}
        {%- endfor -%}
        {%- for column in adapter.get_columns_in_relation(history)
            if types.get(column.name, column.data_type) != column.data_type -%}
            {%- do assert_converts(history, column, types[column.name], mart) %}
            alter table {{ history }} alter column {{ column.quoted }}
            type {{ types[column.name] }} using cast(cast({{ column.quoted }} as text) as {{ types[column.name] }});
        {%- endfor -%}
    {%- endif -%}
{%- endmacro %}

{% macro assert_converts(history, column, data_type, mart) -%}
    {#- Ends the run unless every value of the column survives the way to the other type and back. -#}
    {%- set old = 'cast(' ~ column.quoted ~ ' as text)' -%}
    {%- set new = 'cast(cast(' ~ old ~ ' as ' ~ data_type ~ ') as text)' -%}
    {%- set lost = run_query(
        "select count(*) from " ~ history ~ " where case"
        ~ " when not pg_input_is_valid(" ~ old ~ ", '" ~ data_type ~ "') then true"
        ~ " when not pg_input_is_valid(" ~ new ~ ", '" ~ column.data_type ~ "') then true"
        ~ " else cast(" ~ new ~ " as " ~ column.data_type ~ ") is distinct from " ~ column.quoted ~ " end"
    ).columns[0].values()[0] -%}
    {%- if lost -%}
        {#- A candidate has a copy of the published history, which the next build makes again. -#}
        {%- set schema = history.schema | replace(target.schema ~ '_next_', target.schema ~ '_', 1) -%}
        {{ exceptions.raise_compiler_error(
            history.identifier ~ "." ~ column.name ~ " is " ~ column.data_type ~ ", and " ~ mart.identifier ~ "."
            ~ column.name ~ " now is " ~ data_type ~ ": " ~ lost ~ " versions in the history have a value that would be"
            ~ " lost, so the history was not changed. Decide what these values become, then run: alter table "
            ~ schema ~ "." ~ history.identifier ~ " alter column " ~ column.quoted ~ " type " ~ data_type
            ~ " using <expression>;"
        ) }}
    {%- endif -%}
{%- endmacro %}
