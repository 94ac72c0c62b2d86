-- What was created now belongs to its owner alone, whatever default privileges say: the functions, by which others
-- could write, and the tables. Rights on older tables were granted by their owner.
do $$
declare
    command text;
begin
    for command in
        select format('revoke all on %s %s from %s cascade', kind, object, grantee)
        from rights_in(array[current_schema()])
        where
            kind in ('function', 'procedure')
            or kind in ('table', 'sequence') and to_regclass(object)::oid <> all (
                coalesce(nullif(current_setting('dispatch.tables_before'), ''), '{}')::oid[]
            )
        group by kind, object, grantee
    loop
        execute command;
    end loop;
end $$;

insert into installations (protocol) values (current_setting('dispatch.protocol'));
