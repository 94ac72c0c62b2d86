{% macro missing_own_keys() -%}
    {#- The keys and indexes of the contract that the table of this model lacks: all of them for a new table; for a kept
        table those that were dropped with a rebuilt parent. -#}
    {%- set present = run_query(
        "select conname from pg_catalog.pg_constraint where conrelid = to_regclass('" ~ this ~ "')"
        ~ " union all select relname from pg_catalog.pg_index inner join pg_catalog.pg_class on indexrelid = pg_class.oid"
        ~ " where indrelid = to_regclass('" ~ this ~ "')"
    ).columns[0].values() if config.get('materialized') != 'table' else [] -%}
    {%- set missing = [] -%}
    {%- for key in declared_constraints(model) if key.type not in ('not_null', 'check') and key.name not in present -%}
        {#- A key to a parent that is deferred to another environment is not added. The contract cannot tell: with
            --defer, dbt always resolves it to the other environment. -#}
        {%- if key.type != 'foreign_key' or key.parent.unique_id == model.unique_id
            or ref(key.parent.name).schema == this.schema -%}
            {%- do missing.append(key) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(missing) }}
{%- endmacro %}
