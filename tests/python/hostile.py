"""Changes that other users may make to a database: functions in public, and settings of the role."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg2
import pytest
from conftest import Database

# For every setting that profiles.yml pins a value that would change results, or end the run.
SETTINGS = {
    "search_path": "public, pg_catalog",
    "client_encoding": "LATIN1",
    "standard_conforming_strings": "off",
    "datestyle": "German, DMY",
    "intervalstyle": "sql_standard",
    "timezone": "Pacific/Kiritimati",
    "bytea_output": "escape",
    "extra_float_digits": "-15",
    "array_nulls": "off",
    "transform_null_equals": "on",
    "quote_all_identifiers": "on",
    "row_security": "on",
    "default_transaction_isolation": "serializable",
    "default_transaction_read_only": "on",
    "statement_timeout": "1ms",
    "idle_in_transaction_session_timeout": "1ms",
    "idle_session_timeout": "1ms",
    "client_connection_check_interval": "0",
    "lock_timeout": "1ms",
}

# A twin of every function and operator of PostgreSQL that ordinary users could make, and better matches for some calls
# of the project. Each ends the statement that calls it.
SHADOWS = """
do $do$
declare
    twin record;
    trap text := ' language plpgsql as ''begin raise exception $$a function in public was called$$; end''';
begin
    for twin in
        select proname, pg_get_function_identity_arguments(oid) as arguments, format_type(prorettype, null) as result
        from pg_proc
        where pronamespace = 'pg_catalog'::regnamespace and prokind = 'f' and not proretset
    loop
        begin
            execute format('create function public.%I(%s) returns %s', twin.proname, twin.arguments, twin.result)
                || trap;
        exception when others then null;  -- pseudo-types
        end;
    end loop;
    for twin in
        select oprname, proname, format_type(oprleft, null) as l, format_type(oprright, null) as r
        from pg_operator inner join pg_proc on oprcode = pg_proc.oid
        where oprnamespace = 'pg_catalog'::regnamespace and oprkind = 'b'
    loop
        begin
            execute format(
                'create operator public.%s (leftarg = %s, rightarg = %s, function = public.%I)',
                twin.oprname, twin.l, twin.r, twin.proname
            );
        exception when others then null;
        end;
    end loop;
    for twin in
        select * from (values
            ('hashtextextended(text, integer)', 'bigint'), ('array_to_string(text[], text)', 'text'),
            ('cardinality(text[])', 'integer'), ('concat_ws(text, text, text)', 'text'), ('unnest(text[])', 'text'),
            ('jsonb_build_object(text, text)', 'jsonb'), ('format(text, text, text)', 'text')
        ) as matches (signature, result)
    loop
        execute format('create function public.%s returns %s', twin.signature, twin.result) || trap;
    end loop;
end $do$
"""


def shadow_catalog(database: Database) -> None:
    """Put a trap into public for every name that a statement could find there."""
    database.execute("create schema if not exists public")
    database.execute(SHADOWS)
    assert database.rows("select count(*) from pg_proc where pronamespace = 'public'::regnamespace") > [(2000,)]
    with pytest.raises(psycopg2.errors.RaiseException, match="a function in public was called"):
        database.rows("set search_path to public, pg_catalog; select md5('')")


@contextmanager
def settings(database: Database) -> Iterator[None]:
    """Give the role of the database hostile settings while the block runs."""
    role = f"alter role {database.target.user} in database {database.target.dbname}"
    database.execute(
        "; ".join(f"{role} set {name} = '{value}'" for name, value in SETTINGS.items()).replace(
            "'public, pg_catalog'", "public, pg_catalog"
        )
    )
    try:
        yield
    finally:
        database.execute(f"{role} reset all")
