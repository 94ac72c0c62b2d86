{% macro disposition(reason, excluding=[]) -%}
    case
        when {{ reason }} is null then 'migrated'
        {%- if excluding %}
        when {{ reason }} in ('{{ excluding | join("', '") }}') then 'excluded'
        {%- endif %}
        else 'rejected'
    end
{%- endmacro %}
