{% macro batch_number(key) -%}
    {#- 65,536 keys per batch. A shift rounds down below zero as well; a division does not. -#}
    ({{ key }} >> 16)
{%- endmacro %}
