{% macro is_left_behind(key) -%}
    {#- A child that this run does not rebuild loses its key to a rebuilt parent and must get it back. -#}
    {{ return(
        key.parent.unique_id == model.unique_id
        and key.child.unique_id != model.unique_id
        and key.child.unique_id not in selected_resources
        and load_relation(api.Relation.create(key.child.database, key.child.schema, key.child.alias)) is not none
    ) }}
{%- endmacro %}
