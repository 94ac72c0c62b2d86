{% macro newest_build() -%}
    (select build_id from {{ release_schema() }}.builds order by build_number desc, started_at desc limit 1)
{%- endmacro %}
