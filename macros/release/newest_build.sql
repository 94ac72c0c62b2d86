{% macro newest_build() -%}
    {#- SQL expression of the id of the build that the candidate belongs to. -#}
    (select build_id from {{ release_schema() }}.builds order by build_number desc, started_at desc limit 1)
{%- endmacro %}
