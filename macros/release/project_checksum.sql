{% macro project_checksum() -%}
    {%- set checksums = [] -%}
    {%- for node in built_nodes() -%}
        {%- do checksums.append(node.unique_id ~ ' ' ~ node.checksum.checksum) -%}
    {%- endfor -%}
    {{ return(local_md5(checksums | sort | join)) }}
{%- endmacro %}
