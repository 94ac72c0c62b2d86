{% macro project_checksum() -%}
    {#- A checksum of the files of all built nodes and of the variables. -#}
    {%- set checksums = [] -%}
    {%- for node in built_nodes() -%}
        {%- do checksums.append(node.unique_id ~ ' ' ~ node.checksum.checksum) -%}
    {%- endfor -%}
    {%- for name in var_forms() -%}
        {%- do checksums.append(name ~ ' ' ~ sql_var(name)) -%}
    {%- endfor -%}
    {{ return(local_md5(checksums | sort | join)) }}
{%- endmacro %}
