{% macro missing_own_keys() -%}
    {#- The `add constraint` clauses of this model's contract that its table does not have: all of them for a new table,
        for an incremental one those that went with a rebuilt parent. -#}
    {%- set clauses = {} -%}
    {%- for column in model.columns.values() -%}
        {%- for constraint in column.constraints -%}
            {%- if constraint.type == 'primary_key' -%}
                {%- set name = this.identifier ~ '_pkey' -%}
                {%- do clauses.update({name: 'add constraint "' ~ name ~ '" primary key (' ~ column.name ~ ')'}) -%}
            {%- elif constraint.type == 'unique' -%}
                {%- set name = this.identifier ~ '__' ~ column.name ~ '__key' -%}
                {%- do clauses.update({name: 'add constraint "' ~ name ~ '" unique (' ~ column.name ~ ')'}) -%}
            {%- elif constraint.type == 'foreign_key' -%}
                {%- set name = this.identifier ~ '__' ~ column.name ~ '__fk' -%}
                {%- set parent = constraint.to or this -%}
                {%- set parent_column = constraint.to_columns[0] if constraint.to
                    else modules.re.search("\\((\\w+)\\)", constraint.expression).group(1) -%}
                {#- A parent deferred to another environment is not ours to hold with a key. -#}
                {%- if '"' ~ this.schema ~ '"' in parent | string -%}
                    {%- set clause = add_foreign_key(this.identifier, column.name, parent, parent_column) -%}
                    {%- do clauses.update({name: clause}) -%}
                {%- endif -%}
            {%- endif -%}
        {%- endfor -%}
    {%- endfor -%}
    {%- set present = run_query(
        "select conname from pg_catalog.pg_constraint where conrelid = to_regclass('" ~ this ~ "')"
    ).columns[0].values() if config.get('materialized') != 'table' else [] -%}
    {{ return(clauses.items() | rejectattr('0', 'in', present) | map(attribute='1') | list) }}
{%- endmacro %}
