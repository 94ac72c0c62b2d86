-- The moment of the swap. A statement looks up its tables one after another. One that is between two of them at the
-- commit could find one in each version. Statements that already run keep their version; those that have not begun find
-- the new one.
--
-- While every reader is quick, the swap locks all published relations at once: then no statement is between two of
-- them. Each attempt is short, of varied length, and far below deadlock_timeout, after which PostgreSQL might cancel a
-- reader.
--
-- Once a statement has held a relation for a second, or after ten seconds, it does not wait for such a moment. It locks
-- every published relation that no statement holds: a statement that begins there waits and finds the new version. It
-- then looks whether any statement holds another published relation and may still be looking up: if so it lets go of
-- all locks and tries again. A statement has looked up everything once it plans, which shows by a lock on an index of
-- what it reads, or when its locks have not changed for a while. No such attempt waits for a lock.

-- One look: which of the relations are held by others, and whether one of them may still be looking up its tables.
-- `seen` keeps the number of locks of each transaction, and since when it has not changed.
create or replace function readers_of(
    relations oid[], indexes oid[], inout seen jsonb, out held oid[], out is_looking_up boolean
)
language plpgsql set search_path from current as $$
declare
    moment numeric := extract(epoch from clock_timestamp());
    others integer[];
begin
    perform pg_stat_clear_snapshot();
    -- Of a transaction of several statements, the lock on an index may be that of an earlier one.
    others := array(select pid from pg_stat_activity where query_start > xact_start + interval '10 milliseconds');
    with

    locks as materialized (
        select virtualtransaction, pid, relation, granted from pg_locks where pid <> pg_backend_pid()
    ),

    transactions as (
        select
            virtualtransaction as id,
            count(*) as locks,
            bool_or(not granted) as is_waiting,
            bool_or(relation = any(indexes) and pid <> all (others)) as is_planned,
            array_agg(relation) filter (where relation = any(relations) and granted) as relations
        from locks
        group by virtualtransaction
        having bool_or(relation = any(relations) and granted)
    ),

    timed as (
        select *, case when (seen -> id -> 0)::bigint = locks then (seen -> id -> 1)::numeric else moment end as since
        from transactions
    )

    select
        coalesce(jsonb_object_agg(id, jsonb_build_array(locks, since)), '{}'),
        coalesce(bool_or(is_waiting or not (is_planned or since < moment - 1)), false),
        array(select distinct relation from locks where relation = any(readers_of.relations) and granted)
    into seen, is_looking_up, held
    from timed;
end $$;

create or replace function await_readers(relations oid[]) returns void
language plpgsql set search_path from current as $$
declare
    began timestamp with time zone := clock_timestamp();
    indexes oid[] := array(select indexrelid from pg_index where indrelid = any(relations));
    -- To lock a view locks its tables, too.
    parts jsonb := (
        select jsonb_object_agg(relation, (
            select coalesce(jsonb_agg(distinct refobjid), '[]')
            from pg_rewrite
            inner join pg_depend on classid = 'pg_rewrite'::regclass and objid = pg_rewrite.oid
            where ev_class = relation and refclassid = 'pg_class'::regclass
        ))
        from unnest(relations) as relation
    );
    seen jsonb := '{}';
    held oid[];
    is_looking_up boolean;
    locks_all boolean;
    command text;
begin
    -- Between the last look and the commit nothing may take time, such as the disk: record_publication waits for that.
    set local synchronous_commit = off;
    loop
        select * into seen, held, is_looking_up from readers_of(relations, indexes, seen);
        locks_all := clock_timestamp() < began + interval '10 seconds' and not exists (
            select 1 from jsonb_each(seen) where (value -> 1)::numeric < extract(epoch from clock_timestamp()) - 1
        );
        command := (
            select 'lock table ' || string_agg(relation::regclass::text, ', ') || ' in access exclusive mode'
            from unnest(relations) as relation
            where
                locks_all
                or relation <> all (held)
                and not exists (
                    select 1 from jsonb_array_elements_text(parts -> relation::text) as part where part::oid = any(held)
                )
        ) || case when locks_all then '' else ' nowait' end;
        begin
            perform set_config('lock_timeout', 5 + floor(20 * random()) || 'ms', true);
            execute coalesce(command, '');
            if locks_all then
                return;
            end if;
            select * into seen, held, is_looking_up from readers_of(relations, indexes, seen);
            if not is_looking_up then
                return;
            end if;
            raise lock_not_available;
        exception when lock_not_available then
            -- All locks of the attempt are released.
        end;
        if clock_timestamp() > began + interval '50 seconds' then
            raise sqlstate 'DP075' using hint = 'Try again later.',
                message = 'not done: there was no moment without a query on the tables that are read; try again';
        end if;
        perform pg_sleep(0.001 + random() / 100);
    end loop;
end $$;
