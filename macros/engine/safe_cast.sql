{% macro spark__safe_cast(field, type) -%}
    {#- Overrides dbt-spark's own. dbt gives the rows of unit tests their types by it: values that Spark cannot hold
        become what the export makes of them, the nearest ones that are out of range. -#}
    {%- set name = type | lower -%}
    {%- if name.startswith('decimal') -%}
        {%- set field = {"'NaN'": '1e27', "'infinity'": '1e27', "'-infinity'": '-1e27'}.get(field | trim, field) -%}
    {%- elif name in ('timestamp', 'date') -%}
        {%- set field = {"'infinity'": "'9999-12-31'", "'-infinity'": "'0001-01-01'"}.get(field | trim, field) -%}
    {%- endif -%}
    cast({{ field }} as {{ type }})
{%- endmacro %}
