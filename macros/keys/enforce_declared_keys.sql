{% macro enforce_declared_keys() -%}
    {{ return(adapter.dispatch('enforce_declared_keys', 'dispatch')()) }}
{%- endmacro %}

{% macro postgres__enforce_declared_keys() -%}
    {#- Post-hook of every mart, inside the transaction that builds it: a violated key leaves the old table in place. -#}
    {%- if execute and flags.WHICH in ('run', 'build', 'retry') -%}
        {%- set backup = make_backup_relation(this, 'table') -%}
        {%- set keys = missing_own_keys() -%}
        {#- Keys lock the tables at both ends. One model at a time takes such locks, so that none waits in a circle. -#}
        select pg_advisory_xact_lock(hashtext('{{ this.schema }} keys'));
        {#- dbt would drop the replaced table after the commit, and with it, unseen, the foreign keys that point at it.
            Dropped here, they are gone and back within one transaction, and the index names are free. -#}
        drop table if exists {{ backup }} cascade;
        {%- if keys %}
        alter table {{ this }}
            {{ keys | join(',\n            ') }};
        {%- endif %}
        {%- for key in declared_foreign_keys() if is_left_behind(key) %}
        alter table {{ api.Relation.create(key.child.database, key.child.schema, key.child.alias) }}
            {{ add_foreign_key(key.child.name, key.child_column, this, key.parent_column) }};
        {%- endfor -%}
    {%- endif -%}
{%- endmacro %}

{% macro is_left_behind(key) -%}
    {#- A child that this run does not rebuild loses its key to a rebuilt parent and must get it back. -#}
    {{ return(
        key.parent.unique_id == model.unique_id
        and key.child.unique_id != model.unique_id
        and key.child.unique_id not in selected_resources
        and load_relation(api.Relation.create(key.child.database, key.child.schema, key.child.alias)) is not none
    ) }}
{%- endmacro %}

{% macro add_foreign_key(child, column, parent_relation, parent_column) -%}
    add constraint "{{ child }}__{{ column }}__fk" foreign key ({{ column }}) references {{ parent_relation }} ({{ parent_column }})
{%- endmacro %}

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
                {%- do clauses.update({name: add_foreign_key(this.identifier, column.name, parent, parent_column)}) -%}
            {%- endif -%}
        {%- endfor -%}
    {%- endfor -%}
    {%- set present = run_query(
        "select conname from pg_catalog.pg_constraint where conrelid = to_regclass('" ~ this ~ "')"
    ).columns[0].values() if config.get('materialized') != 'table' else [] -%}
    {{ return(clauses.items() | rejectattr('0', 'in', present) | map(attribute='1') | list) }}
{%- endmacro %}
