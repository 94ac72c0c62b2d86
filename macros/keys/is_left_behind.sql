{% macro is_left_behind(key) -%}
    {#- Whether rebuilding this model drops the key of a child that exists and that this run does not rebuild: the key
        must be restored. -#}
    {{ return(
        key.parent.unique_id == model.unique_id
        and key.child.unique_id != model.unique_id
        and key.child.unique_id not in selected_resources
        and load_relation(api.Relation.create(key.child.database, key.child.schema, key.child.alias)) is not none
    ) }}
{%- endmacro %}
