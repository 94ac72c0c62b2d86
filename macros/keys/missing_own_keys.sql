{% macro missing_own_keys() -%}
    {#- The keys and indexes of this model's contract that its table does not have: all of them for a new table, for
        one that is kept those that went with a rebuilt parent. -#}
    {%- set present = run_query(
        "select conname from pg_catalog.pg_constraint where conrelid = to_regclass('" ~ this ~ "')"
        ~ " union all select relname from pg_catalog.pg_index inner join pg_catalog.pg_class on indexrelid = pg_class.oid"
        ~ " where indrelid = to_regclass('" ~ this ~ "')"
    ).columns[0].values() if config.get('materialized') != 'table' else [] -%}
    {%- set missing = [] -%}
    {%- for key in declared_constraints(model) if key.type not in ('not_null', 'check') and key.name not in present -%}
        {#- A parent deferred to another environment is not ours to hold with a key. Not as dbt resolves the contract:
            with --defer that is always the other environment. -#}
        {%- if key.type != 'foreign_key' or key.parent.unique_id == model.unique_id
            or ref(key.parent.name).schema == this.schema -%}
            {%- do missing.append(key) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(missing) }}
{%- endmacro %}
