-- Releases and copies: one at a time.

-- Records that a release has begun; returns the releases that had died, with what became of them. Waits for a copy of
-- the live source, as long as lock_timeout says.
create or replace function begin_release(release text, commit text)
returns table (died text, begun_at timestamp with time zone, became text)
language plpgsql set search_path from current as $$
begin
    lock table releases in share row exclusive mode;
    if running_release() is not null then
        raise sqlstate 'DP075' using hint = 'Try again later.',
            message = 'another release is running ' || substring(running_release() from '[(].*') || '.';
    end if;
    perform refuse_after_hand_over('a release');
    return query
        update releases set
            ended_at = clock_timestamp(),
            outcome = case when was_published(build_id) then 'published' else 'died' end
        where outcome = 'running'
        returning release_id, started_at, outcome;
    insert into releases (release_id, git_commit, backend_process, backend_started_at)
    select release, commit, pid, backend_start from pg_stat_activity where pid = pg_backend_pid();
end $$;

-- Keeps releases and copies away until the transaction ends.
create or replace function keep_out() returns void
language plpgsql set search_path from current as $$
declare
    running text;
begin
    begin
        lock table releases in share update exclusive mode nowait;
        running := 'A release is reading the landing ' || substring(running_release() from '[(].*');
    exception when lock_not_available then
        running := 'A copy is filling the landing (' || coalesce(running_copy(), 'its session has just ended') || ')';
    end;
    if running is not null then
        raise sqlstate 'DP075' using hint = 'Try again later.', message = running || ': try again when it has ended.';
    end if;
end $$;

-- The commit of a swap does not wait for the disk. This one does, and with it everything before.
create or replace function record_publication() returns void
language sql set search_path from current set synchronous_commit = on
as $$
    update publications set action = action where publication_id = (last_publication()).publication_id
$$;
