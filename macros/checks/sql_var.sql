{% macro sql_var(name) -%}
    {#- Texts and dates become SQL literals. A value that does not have the form of its kind is refused. -#}
    {%- set forms = var_forms() -%}
    {%- set value = var(name) | string -%}
    {%- if not modules.re.fullmatch(forms[name][0], value) -%}
        {{ exceptions.raise_compiler_error(
            "The variable " ~ name ~ " is “" ~ value ~ "” and must be " ~ forms[name][1]
            ~ ": correct it in dbt_project.yml or in --vars."
        ) }}
    {%- endif -%}
    {%- set is_number = name in ['shipment_transit_days', 'largest_plausible_amount'] -%}
    {{ return(value if is_number else "'" ~ value | replace("'", "''") ~ "'") }}
{%- endmacro %}

{% macro var_forms() -%}
    {#- The form of each variable: [regular expression, the same in words]. -#}
    {%- set date = ["[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])", "a date, such as 1900-01-01"] -%}
    {{ return({
        'legacy_schema': ['[^"]+', 'the name of a schema, without a double quote'],
        'legacy_time_zone': ['[A-Za-z0-9_+/-]*', 'the name of a time zone, such as America/Chicago, or empty'],
        'shipment_carrier': ['.+', 'a name in one line'],
        'shipment_transit_days': ['[0-9]{1,3}', 'a whole number of days'],
        'earliest_plausible_date': date,
        'latest_plausible_date': date,
        'largest_plausible_amount': ['[0-9]{1,10}([.][0-9]{1,2})?', 'an amount below ten thousand million'],
    }) }}
{%- endmacro %}

{% macro assert_vars() -%}
    {#- Contracts name variables in YAML, which cannot call sql_var. -#}
    {%- for name in var_forms() -%}
        {%- do sql_var(name) -%}
    {%- endfor -%}
    {%- do assert_time_zone_is_known() -%}
{%- endmacro %}
