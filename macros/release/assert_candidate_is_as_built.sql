{% macro assert_candidate_is_as_built() -%}
    {#- Statements of publish. They lock the candidate against writers, then fail, naming the relations, unless its
        schemas hold exactly what the build made and the tests saw: unchanged, with every declared constraint, and with
        as many rows as the ledger says. -#}
    {%- set schemas = released_schemas() | map(attribute='next') | join("', '") -%}
    {%- set expected = [] -%}
    {%- for node in built_nodes() -%}
        {%- do expected.append("('" ~ node.relation_name ~ "', '" ~ node.name ~ "')") -%}
        {%- if node.config.materialized == 'batched' -%}
            {%- set hidden = loaded_batches_relation(api.Relation.create(node.database, node.schema, node.alias)) -%}
            {%- do expected.append("('" ~ hidden ~ "', null)") -%}
        {%- endif -%}
    {%- endfor -%}
    {%- set ledger = graph.nodes.values() | selectattr('name', 'equalto', 'migration_ledger') | first %}
    do $$
    begin
        set local lock_timeout = '5s';
        execute coalesce((
            select
                'lock table ' || string_agg(cast(cast(pg_class.oid as regclass) as text), ', ' order by pg_class.oid)
                || ' in share mode'
            from pg_catalog.pg_class
            inner join pg_catalog.pg_namespace on relnamespace = pg_namespace.oid
            where nspname in ('{{ schemas }}') and relkind = 'r' and pg_has_role(relowner, 'usage')
        ), '');
    exception when lock_not_available then
        raise exception 'not published: a session is writing into the candidate. End it, then publish again.';
    end $$;
    do $$
    declare
        faults text[] := array(
            with

            expected as (
                select name, made, full_name as relation, state
                from (values {{ expected | join(', ') }}) as built_nodes (full_name, name)
                cross join lateral to_regclass(full_name) as made
                left join {{ release_schema() }}.built_relations on built_relations.relation = made
            )

            select relation || ' is gone' from expected where made is null
            union all
            select relation || ' is not the one that was built' from expected where made is not null and state is null
            union all
            select relation || ' has changed since it was built: ' || string_agg(key, ', ' order by key)
            from expected
            cross join lateral jsonb_each({{ release_schema() }}.state_of(made)) as now
            where value is distinct from state -> key and state is not null
            group by relation
            union all
            select foreign_object || ' was not built' from {{ objects_in(schemas) }} where objid not in (
                select made from expected where made is not null
            )
            {%- for node in marts_to_publish() %}
            union all
            select '{{ node.relation_name }} lacks ' || violated_constraint
            from ({{ contract_violations(node) }}) as violations
            {%- endfor %}
            union all
            select entity || ' has ' || coalesce(state ->> 'row count', 'no') || ' rows, the ledger says ' || migrated_rows
            from {{ ledger.relation_name }} as ledger
            left join expected on ledger.entity = expected.name
            where cast(migrated_rows as text) is distinct from state ->> 'row count'
        );
    begin
        if faults <> '{}' then
            raise exception 'not published: the candidate is not what was tested. %. Remove what was not built, run dbt build --target prod, then publish.',
                replace(replace(array_to_string(faults[:5], '; '), '"{{ target.dbname }}".', ''), '"', '')
                || case when cardinality(faults) > 5 then '; …' else '' end;
        end if;
    end $$;
{%- endmacro %}
