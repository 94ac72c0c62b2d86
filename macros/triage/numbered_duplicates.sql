{% macro numbered_duplicates(relation, key) -%}
    {#- A subquery, because under --empty and --sample the relation brings an alias of its own. -#}
    select
        legacy_rows.*,
        {{ occurrence_number('legacy_rows', key) }} as occurrence
    from (select * from {{ relation }}) as legacy_rows
{%- endmacro %}
