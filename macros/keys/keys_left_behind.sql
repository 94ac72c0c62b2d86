{% macro keys_left_behind() -%}
    {#- The foreign keys that rebuilding this model drops, because their children exist and this run does not rebuild
        them: they must be restored. The models of the run are left out first, since reading every contract for every
        model takes a fifth of dbt's time. -#}
    {%- set keys = [] -%}
    {%- set kept = own_nodes('model') | rejectattr('unique_id', 'in', selected_resources) -%}
    {%- for key in declared_foreign_keys(kept) if key.parent.unique_id == model.unique_id -%}
        {%- if load_relation(api.Relation.create(key.child.database, key.child.schema, key.child.alias)) is not none -%}
            {%- do keys.append(key) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(keys) }}
{%- endmacro %}
