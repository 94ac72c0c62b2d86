-- The rows that python -m ops handover --amend tries to add, and how it tries them, in its transaction.

create temp table amended_rows (
    position integer not null,
    entity text not null,
    legacy_id bigint not null,
    new_key uuid not null,
    reason text, -- why it is left out
    constraint_name text,
    is_added boolean not null default false,
    primary key (entity, new_key)
) on commit drop;

-- Tries every row that is not added; returns how many were. A row that its table refuses is left out, with the reason.
create function pg_temp.add_rows(inserts jsonb) returns integer language plpgsql as $$
declare
    pending record;
    added integer := 0;
    inserted integer;
    said text;
    details text;
    refused_by text;
begin
    for pending in
        select * from pg_temp.amended_rows
        where not is_added and inserts ? entity
        order by position, legacy_id
    loop
        begin
            execute inserts ->> pending.entity using pending.new_key;
            get diagnostics inserted = row_count;
            if inserted = 0 then
                raise exception 'a trigger of the application has not inserted it';
            end if;
            update pg_temp.amended_rows set is_added = true, reason = null, constraint_name = null
            where entity = pending.entity and new_key = pending.new_key;
            added := added + 1;
        exception
            when integrity_constraint_violation or data_exception or syntax_error_or_access_rule_violation
                or with_check_option_violation or raise_exception
            then
                get stacked diagnostics
                    said = message_text, details = pg_exception_detail, refused_by = constraint_name;
                update pg_temp.amended_rows
                set reason = concat_ws('. ', said, nullif(details, '')), constraint_name = refused_by
                where entity = pending.entity and new_key = pending.new_key;
        end;
    end loop;
    return added;
end $$;
