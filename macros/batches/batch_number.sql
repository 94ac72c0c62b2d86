{% macro batch_number(key) -%}
    {#- 65,536 keys a batch. A shift and not a division: it rounds down below zero as well. -#}
    ({{ key }} >> 16)
{%- endmacro %}
