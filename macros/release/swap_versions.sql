{% macro swap_versions(action, build_id, preparations='') -%}
    {#- Blue/green schema swap in one transaction: each schema of the candidate is published, and the published one
        takes its place. Tables keep their keys and grants; a running query continues on the version it began with. -#}
    {%- set schemas = released_schemas() -%}
    {#- Two rollbacks at the same moment would undo each other. The duration of this command comes from the clock of its
        own machine, the time of a publication from that of the server. -#}
    {%- set seconds = (modules.datetime.datetime.now(modules.pytz.utc) - run_started_at).total_seconds() -%}
    {%- set before = run_query(
        "select count(*) as publications, clock_timestamp() - interval '" ~ seconds ~ " seconds' as began"
        ~ " from " ~ release_schema() ~ ".publications"
    ).rows[0] -%}
    {%- set newest = last_build().build_id -%}
    {#- The queries above have begun a transaction already, perhaps with a snapshot. -#}
    commit;
    begin isolation level read committed;
    lock table {{ release_schema() }}.publications, {{ release_schema() }}.builds in share row exclusive mode;
    do $$
    begin
        if exists (
            select 1 from {{ release_schema() }}.publications
            having
                count(*) <> {{ before.publications }}
                or bool_or(published_at between '{{ before.began }}' and clock_timestamp())
        ) then
            raise exception 'not done: somebody else published or rolled back since this command began; look at {{ release_schema() }}.publications, then decide again';
        end if;
        if {{ newest_build() }} <> '{{ newest }}' then
            raise exception 'not done: a build has begun at this moment';
        end if;
        if to_regclass('{{ release_schema() }}.handovers') is not null then
            if exists (select 1 from {{ release_schema() }}.handovers where undone_at is null) then
                raise exception 'not done: the marts were handed over to the application at this moment';
            end if;
        end if;
    end $$;
    do $$
    declare
        others text[] := array({{ objects_of_others(schemas) }});
    begin
        if others <> '{}' then
            raise exception '{{ others_would_be_lost("%") }}', array_to_string(others[:5], ', ');
        end if;
    end $$;
    {{ preparations }}
    {{ keep_grants(schemas) }}
    {{ wait_for_readers(schemas) }}
    {%- for schema in schemas %}
    {{ swap_schemas(schema.live, schema.next) }}
    {%- endfor %}
    {{ grant_to_readers(schemas) }}
    insert into {{ release_schema() }}.publications (action, live_build_id, previous_build_id)
    select
        '{{ action }}',
        '{{ build_id }}',
        (select live_build_id from {{ release_schema() }}.publications order by publication_id desc limit 1);
    commit;
{%- endmacro %}

{% macro wait_for_readers(schemas) -%}
    {#- A statement that is being parsed at the moment of the commit may look up one table before it and the next after
        it, and would read two versions. No statement is between two tables while all of them are locked. A session that
        waits for one of these locks may hold another that is needed here. So every attempt is short, of varied length,
        and far below deadlock_timeout, after which PostgreSQL might cancel a reader. A transaction that has held a
        table since the first attempt is long and hardly between two tables: it is waited for only until that is clear.
        -#}
    do $$
    declare
        locked oid[] := array(
            select pg_class.oid
            from pg_catalog.pg_class
            inner join pg_catalog.pg_namespace on relnamespace = pg_namespace.oid
            where
                nspname in ('{{ schemas | map(attribute="live") | join("', '") }}')
                -- A lock on a view of the staging layer would lock the legacy tables.
                and (relkind = 'r' or nspname = 'analytics')
            order by pg_class.oid
        );
        holders text[];
        attempt integer := 0;
        began timestamp with time zone := clock_timestamp();
    begin
        if locked = '{}' then
            return;
        end if;
        loop
            attempt := attempt + 1;
            begin
                perform set_config('lock_timeout', 5 + 5 * (attempt % 5) || 'ms', true);
                -- In one statement: a reader that begins between two locks may wait for one and hold the next.
                execute 'lock table ' || array_to_string(cast(locked as regclass[]), ', ') || ' in access exclusive mode';
                set local lock_timeout = '5s';
                return;
            exception when lock_not_available then
                raise notice 'a query holds one of the tables that are read';
            end;
            holders := array(
                select virtualtransaction
                from pg_catalog.pg_locks
                where
                    database = (select oid from pg_catalog.pg_database where datname = current_database())
                    and relation = any(locked)
                    and granted
                    and (attempt = 1 or virtualtransaction = any(holders))
            );
            if clock_timestamp() > began + interval '0.6 seconds' and holders <> '{}' then
                set local lock_timeout = '5s';
                return;
            elsif clock_timestamp() > began + interval '30 seconds' then
                raise exception 'not done: there was no moment without a query on the tables that are read; try again';
            end if;
            perform pg_sleep(random() / 100);
        end loop;
    end $$;
{%- endmacro %}

{% macro swap_schemas(live, next) -%}
    {#- Swaps the names of two schemas. -#}
    do $$
    begin
        if to_regnamespace('{{ live }}') is not null then
            alter schema {{ live }} rename to {{ live }}_leaving;
        end if;
        if to_regnamespace('{{ next }}') is not null then
            alter schema {{ next }} rename to {{ live }};
        end if;
        if to_regnamespace('{{ live }}_leaving') is not null then
            alter schema {{ live }}_leaving rename to {{ next }};
        end if;
    end $$;
{%- endmacro %}
