{% macro contract_violations(node) -%}
    {{ return(adapter.dispatch('contract_violations', 'dispatch')(node)) }}
{%- endmacro %}

{% macro default__contract_violations(node) -%}
    {#- For an engine that does not enforce the contract: the rows that break it. One scan for all that a row can break
        by itself, one for each unique column; foreign keys have their relationships tests. -#}
    {%- set promises = {} -%}
    {%- for constraint in declared_constraints(node) if constraint.type in ('not_null', 'check') -%}
        {%- set condition = engine_expression(constraint.expression or constraint.columns[0] ~ ' is not null') -%}
        {%- do promises.update({constraint_text(constraint): condition}) -%}
    {%- endfor -%}
    select
        '{{ node.name }}' as table_name,
        {%- for text, condition in promises.items() %}
        case when not ({{ condition }}) then '{{ text }}; ' else '' end{{ ' ||' if not loop.last }}
        {%- endfor %} as violated_constraint
    from {{ node.relation_name }}
    where
        not ({{ promises.values() | join(')\n        or not (') }})
    {%- for key in declared_constraints(node) if key.type in ('primary_key', 'unique') %}
    union all
    select
        '{{ node.name }}' as table_name,
        '{{ constraint_text(key) }}' as violated_constraint
    from {{ node.relation_name }}
    where {{ key.columns | join(' is not null and ') }} is not null
    group by {{ key.columns | join(', ') }}
    having count(*) > 1
    {%- endfor %}
{%- endmacro %}

{% macro postgres__contract_violations(node) -%}
    {#- For PostgreSQL, which enforces the contract: each constraint that is missing, not validated, not enforced or on
        other columns. A foreign key to a parent that this environment does not have (dbt --defer) is not missed. -#}
    {%- set table = "to_regclass('" ~ node.relation_name ~ "')" -%}
    select
        '{{ node.name }}' as table_name,
        violated_constraint
    from (
        values
        {%- for constraint in declared_constraints(node) %}
        {%- set needed = constraint.parent or node %}
        ('{{ constraint_text(constraint) }}', '{{ needed.relation_name }}'){{ ',' if not loop.last }}
        {%- endfor %}
    ) as declared (violated_constraint, needed)
    where
        (needed = '{{ node.relation_name }}' or to_regclass(needed) is not null)
        and violated_constraint not in (
            select 'not null (' || attname || ')'
            from pg_catalog.pg_attribute
            where
                attrelid = {{ table }}
                and attnotnull
                and not exists (
                    select 1
                    from pg_catalog.pg_constraint
                    where conrelid = attrelid and contype = 'n' and conkey[1] = attnum and not convalidated
                )
            union all
            select 'index (' || attname || ')'
            from pg_catalog.pg_index
            inner join pg_catalog.pg_attribute on attrelid = indrelid and attnum = indkey[0]
            where indrelid = {{ table }} and indisvalid and indpred is null
            union all
            select
                case contype
                    when 'c' then 'check ' || conname
                    else {{ lower_case("replace(pg_get_constraintdef(oid), '\"', '')") }}
                end
            from pg_catalog.pg_constraint
            where conrelid = {{ table }} and contype in ('c', 'p', 'u', 'f') and convalidated
        )
{%- endmacro %}

{% macro constraint_text(constraint) -%}
    {#- A constraint in words: a check by its name, a key as the catalog of PostgreSQL words it, in lower case. -#}
    {%- if constraint.type == 'check' -%}
        check {{ constraint.name }}
    {%- else -%}
        {{- constraint.type | replace('_', ' ') }} ({{ constraint.columns | join(', ') }})
        {%- if constraint.type == 'foreign_key' %} references {{ constraint.parent.schema | lower }}.
            {{- constraint.parent.alias }}({{ constraint.parent_column }})
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}
