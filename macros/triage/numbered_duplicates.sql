{% macro numbered_duplicates(relation, key) -%}
    {#- A subquery, because under --empty and --sample a relation renders as one that has an alias already. -#}
    select
        legacy_rows.*,
        {{ occurrence_number('legacy_rows', key) }} as occurrence
    from (select * from {{ relation }}) as legacy_rows
{%- endmacro %}
