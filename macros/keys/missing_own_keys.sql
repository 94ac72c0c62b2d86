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
            {%- endif -%}
        {%- endfor -%}
    {%- endfor -%}
    {%- for key in declared_foreign_keys() if key.child.unique_id == model.unique_id -%}
        {#- Not as dbt resolves the contract: with --defer that is always the other environment. -#}
        {%- set parent = this if key.parent.unique_id == model.unique_id else ref(key.parent.name) -%}
        {#- A parent deferred to another environment is not ours to hold with a key. -#}
        {%- if parent.schema == this.schema -%}
            {%- set name = this.identifier ~ '__' ~ key.child_column ~ '__fk' -%}
            {%- set clause = add_foreign_key(this.identifier, key.child_column, parent.render(), key.parent_column) -%}
            {%- do clauses.update({name: clause}) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- set present = run_query(
        "select conname from pg_catalog.pg_constraint where conrelid = to_regclass('" ~ this ~ "')"
    ).columns[0].values() if config.get('materialized') != 'table' else [] -%}
    {{ return(clauses.items() | rejectattr('0', 'in', present) | map(attribute='1') | list) }}
{%- endmacro %}
