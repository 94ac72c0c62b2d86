{% macro missing_constraints(nodes) -%}
    {{ return(adapter.dispatch('missing_constraints', 'dispatch')(nodes)) }}
{%- endmacro %}

{% macro postgres__missing_constraints(nodes) -%}
    {#- A query for the constraints in the contracts of these models that the database does not hold, or not as valid
        ones: one row each, `missing`. -#}
    {%- set kinds = {'primary_key': 'p', 'unique': 'u', 'not_null': 'n'} -%}
    {%- set declared = [] -%}
    {%- for node in nodes -%}
        {%- for column in node.columns.values() -%}
            {%- for constraint in column.constraints if constraint.type in kinds -%}
                {%- do declared.append((node.relation_name, kinds[constraint.type], column.name)) -%}
            {%- endfor -%}
        {%- endfor -%}
    {%- endfor -%}
    select format(
        '%s lacks the %s of %s', relation, case kind when 'p' then 'primary key' when 'u' then 'unique key' else 'not null' end,
        column_name
    ) as missing
    from (
        values (null, null, null)
        {%- for relation, kind, column in declared %},
        ('{{ relation }}', '{{ kind }}', '{{ column }}')
        {%- endfor %}
    ) as declared (relation, kind, column_name)
    left join pg_catalog.pg_attribute on attrelid = to_regclass(relation) and attname = column_name
    where
        relation is not null
        and case
            -- Before PostgreSQL 18 a not null is no constraint; from then on one may be there that is not valid.
            when kind = 'n' then attnotnull is not true or exists (
                select 1 from pg_catalog.pg_constraint
                where conrelid = attrelid and conkey = array[attnum] and contype = 'n' and not convalidated
            )
            else not exists (
                select 1 from pg_catalog.pg_constraint
                where conrelid = attrelid and conkey = array[attnum] and cast(contype as text) = kind and convalidated
            )
        end
    {%- for key in declared_foreign_keys() if key.child in nodes %}
    union all
    select '{{ key.child.relation_name }} lacks the foreign key of {{ key.child_column }}'
    where not {{ is_foreign_key_enforced(
        key.child.relation_name, key.child_column, key.parent.relation_name, key.parent_column
    ) }}
    {%- endfor %}
    {%- for node in nodes %}
    {%- set checks = node.constraints + node.columns.values() | map(attribute='constraints') | sum(start=[]) %}
    {%- set checks = checks | selectattr('type', 'equalto', 'check') | list %}
    {%- if checks %}
    union all
    select '{{ node.relation_name }} lacks a check'
    where {{ checks | length }} > (
        select count(*) from pg_catalog.pg_constraint
        where conrelid = to_regclass('{{ node.relation_name }}') and contype = 'c' and convalidated
    )
    {%- endif %}
    {%- endfor %}
{%- endmacro %}
