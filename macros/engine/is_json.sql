{# True when the text can be converted to the engine's JSON type; null in gives null out, an empty string is false. #}
{% macro is_json(expression) -%}
    {{ return(adapter.dispatch('is_json', 'dispatch')(expression)) }}
{%- endmacro %}

{#
  Not "is json": that accepts \u0000 and lone surrogates, which the cast to jsonb then refuses. Text nested some ten thousand
  levels deep exhausts the stack of the parser, an error that pg_input_is_valid does not catch, and Spark takes no more
  than a thousand: more than 500 levels count as malformed on both. They are counted in texts with as many brackets only.
#}
{% macro postgres__is_json(expression) -%}
    case
        when {{ expression }} is null then null
        when
            octet_length({{ expression }}) > 500
            and length({{ expression }}) - length(translate({{ expression }}, '[{', '')) > 500
            then case
                when (
                    select max(depth)
                    from (
                        select sum(case when bracket in ('[', '{') then 1 else -1 end) over (order by place) as depth
                        from regexp_split_to_table(
                            regexp_replace({{ expression }}, '"(\\.|[^"\\])*"|[^][{}]', '', 'g'), ''
                        ) with ordinality as brackets (bracket, place)
                    ) as depths
                ) > 500 then false
                else pg_input_is_valid({{ expression }}, 'jsonb')
            end
        else pg_input_is_valid({{ expression }}, 'jsonb')
    end
{%- endmacro %}

{#
  Spark reads one value and ignores what follows it, nothing nested deeper than a thousand levels, no number longer than
  a thousand characters, and each half of a pair of surrogates. So what it parses is the text without its strings (each
  must be a string as PostgreSQL takes it: control characters escaped, no \u0000, surrogates in pairs), with digits
  left out of long numbers, and inside each kind of brackets, where nothing may follow it. A quote that is left over
  belongs to a string that PostgreSQL would not take.
#}
{% macro spark__is_json(expression) -%}
    {%- set pair -%}
        \\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}
    {%- endset -%}
    {%- set skeleton -%}
        regexp_replace(
            {{ expression }},
            r'"(?:[^"\\\x00-\x1f]++|\\["\\/bfnrt]|\\u(?!0000|[dD][89a-fA-F])[0-9a-fA-F]{4}|{{ pair }})*+"',
            '""'
        )
    {%- endset -%}
    {%- set shortened -%}
        regexp_replace(regexp_replace({{ skeleton }}, r'(?<=[0-9][eE][+-]{0,1})[0-9]+', '0'), r'(?<=[0-9])[0-9]{18,}', '0')
    {%- endset -%}
    case
        when {{ expression }} is null then null
        when replace({{ skeleton }}, '""', '') like '%"%' then false
        when try_parse_json(concat('[', {{ shortened }}, ']')) is null then false
        when try_parse_json(concat('{"":', {{ shortened }}, '}')) is null then false
        when length({{ skeleton }}) > 500 and {{ json_depth(skeleton) }} > 500 then false
        when regexp_like({{ skeleton }}, '[0-9][eE][+-]?[0-9]{4}|[0-9]{10000}') then {{ json_numbers_fit(skeleton) }}
        else true
    end
{%- endmacro %}

{% macro json_depth(skeleton) -%}
    {#- Depth of the nesting of brackets in a text without strings. -#}
    aggregate(
        split(regexp_replace({{ skeleton }}, r'[^\[\]{}]', ''), ''),
        named_struct('now', 0, 'most', 0),
        (depth, bracket) -> named_struct(
            'now', depth.now + if(bracket in ('[', '{'), 1, -1),
            'most', greatest(depth.most, depth.now + if(bracket in ('[', '{'), 1, -1))
        ),
        depth -> depth.most
    )
{%- endmacro %}

{% macro json_numbers_fit(skeleton) -%}
    {#- PostgreSQL's numeric has 131,072 digits before the point and 16,383 behind it. -#}
    {%- set exponent -%}
        coalesce(cast(nullif(regexp_extract(number, '[eE][+]?(.*)$', 1), '') as decimal(38, 0)), 0)
    {%- endset -%}
    {%- set fraction = "regexp_extract(number, '[.]([0-9]+)', 1)" -%}
    {%- set whole = "regexp_extract(number, '^([0-9]+)', 1)" -%}
    {%- set digits = 'concat(' ~ whole ~ ', ' ~ fraction ~ ')' -%}
    not exists(
        regexp_extract_all({{ skeleton }}, r'[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?', 0),
        number -> case
            when regexp_like(number, '[eE][+-]?0*[1-9][0-9]{9}') then true
            when length({{ fraction }}) - {{ exponent }} > 16383 then true
            when ltrim('0', {{ digits }}) = '' then false
            else length({{ whole }}) - length({{ digits }}) + length(ltrim('0', {{ digits }})) + {{ exponent }} > 131072
        end
    )
{%- endmacro %}
