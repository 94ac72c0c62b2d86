{% macro zero_padded(number, width) -%}
    lpad(cast({{ number }} as text), greatest({{ width }}, length(cast({{ number }} as text))), '0')
{%- endmacro %}
