{% macro entity_key(entity, legacy_id) -%}
    {{ return(adapter.dispatch('entity_key', 'dispatch')(entity, legacy_id)) }}
{%- endmacro %}

{% macro postgres__entity_key(entity, legacy_id) -%}
    {#- RFC 9562 name-based UUID, version 3: the md5 of the URL namespace and the name, with six bits set to say so
        (bits 55-52 = 0011, the version; bits 71-70 = 10, the variant). -#}
    {%- set url_namespace = '6ba7b8119dad11d180b400c04fd430c8' -%}
    cast(encode(set_bit(set_bit(set_bit(set_bit(set_bit(set_bit(decode(md5(
        decode('{{ url_namespace }}', 'hex')
        || convert_to('urn:dispatch:{{ entity }}:' || cast({{ legacy_id }} as text), 'UTF8')
    ), 'hex'), 55, 0), 54, 0), 53, 1), 52, 1), 71, 1), 70, 0), 'hex') as uuid)
{%- endmacro %}

{% macro spark__entity_key(entity, legacy_id) -%}
    {%- set digest -%}
        md5(concat(
            unhex('6ba7b8119dad11d180b400c04fd430c8'),
            encode(concat('urn:dispatch:{{ entity }}:', cast(cast({{ legacy_id }} as decimal(38, 0)) as string)), 'UTF-8')
        ))
    {%- endset -%}
    case when {{ legacy_id }} is not null then concat_ws(
        '-',
        substr({{ digest }}, 1, 8),
        substr({{ digest }}, 9, 4),
        concat('3', substr({{ digest }}, 14, 3)),
        concat(translate(substr({{ digest }}, 17, 1), '0123456789abcdef', '89ab89ab89ab89ab'), substr({{ digest }}, 18, 3)),
        substr({{ digest }}, 21)
    ) end
{%- endmacro %}
