-- The helpers leave; only the legacy tables stay.
do $$
declare
    helper regprocedure;
    helper_table regclass;
begin
    for helper in select oid from pg_proc where pronamespace = current_schema()::regnamespace loop
        execute format('drop function %s', helper);
    end loop;
    for helper_table in select oid from pg_class where relnamespace = pg_my_temp_schema() and relkind = 'r' and relname ~ '^gen_' loop
        execute format('drop table %s', helper_table);
    end loop;
end
$$;
