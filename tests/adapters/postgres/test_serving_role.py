"""What the log-in of the processes that serve can do, and what it cannot, whatever it sends."""

import asyncpg
import psycopg
import pytest

from niochat.adapters.postgres.database import Database
from niochat.adapters.postgres.queries import queries
from niochat.adapters.postgres.schema_migration import (
    WORKING_ROLES,
    known_revisions,
    migrate,
    require_database,
    require_known_schema,
)
from niochat.domain.errors import InvalidInputError, OperationRefusedError
from niochat.launcher.databases.postgres_server import EmbeddedPostgres
from tests.builders import Admin, open_connection
from tests.conftest import database_dsn

pytestmark = pytest.mark.asyncio

FORBIDDEN = (
    "CREATE TABLE mine (n int)",
    "CREATE SCHEMA mine",
    "CREATE FUNCTION mine() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "CREATE EXTENSION pg_stat_statements",
    "CREATE ROLE mine",
    "CREATE DATABASE mine",
    "ALTER TABLE messages DISABLE ROW LEVEL SECURITY",
    "ALTER TABLE messages NO FORCE ROW LEVEL SECURITY",
    "ALTER TABLE audit DISABLE TRIGGER ALL",
    "ALTER TABLE messages OWNER TO niochat_serving",
    "ALTER ROLE niochat_app BYPASSRLS",
    "ALTER ROLE niochat_serving CREATEROLE",
    "ALTER DATABASE niochat SET statement_timeout = 0",
    "DROP TABLE audit",
    "DROP POLICY own_rows ON messages",
    "CREATE POLICY all_rows ON messages USING (true)",
    "TRUNCATE messages CASCADE",
    "TRUNCATE audit",
    "GRANT niochat TO niochat_serving",
    "GRANT niochat_search TO niochat_serving",
    "SELECT * FROM pg_authid",
    "SELECT * FROM pg_shadow",
    "SELECT pg_read_file('/etc/passwd')",
    "COPY (SELECT 1) TO PROGRAM 'true'",
    "SET session_replication_role = replica",
    "SET ROLE niochat",
    "SET ROLE niochat_search",
    "SET ROLE postgres",
    "SET SESSION AUTHORIZATION niochat",
    "UPDATE alembic_version SET version_num = 'x'",
)


@pytest.mark.parametrize("role", [*WORKING_ROLES, "none"])
async def test_it_changes_nothing_but_rows(serving_url: str, role: str) -> None:
    connection = await asyncpg.connect(serving_url, server_settings={"role": role})
    try:
        for statement in FORBIDDEN:
            with pytest.raises(
                (asyncpg.InsufficientPrivilegeError, asyncpg.ActiveSQLTransactionError)
            ):
                await connection.execute(statement)
    finally:
        await connection.close()


async def test_it_owns_nothing_and_may_be_the_three_roles_that_work_and_no_other(
    admin: Admin,
) -> None:
    owned = await admin.fetchval(
        "SELECT count(*) FROM pg_shdepend d JOIN pg_roles r ON r.oid = d.refobjid"
        " WHERE r.rolname = 'niochat_serving' AND d.deptype = 'o'"
    )
    may_be = await admin.fetch(
        "SELECT rolname::text AS name FROM pg_roles"
        " WHERE pg_has_role('niochat_serving', oid, 'MEMBER') AND rolname <> 'niochat_serving'"
    )
    rights = await admin.fetchrow(
        "SELECT rolsuper, rolcreaterole, rolcreatedb, rolbypassrls, rolreplication FROM pg_roles"
        " WHERE rolname = 'niochat_serving'"
    )

    assert owned == 0
    assert {row["name"] for row in may_be} == set(WORKING_ROLES)
    assert rights is not None
    assert not any(rights.values())


async def test_without_a_role_it_sees_no_table(serving_url: str) -> None:
    connection = await asyncpg.connect(serving_url)
    try:
        for table in ("messages", "users", "audit", "alembic_version"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.fetch(f"SELECT FROM {table}")
    finally:
        await connection.close()


async def test_doctor_is_told_which_log_in_owns_the_tables(
    database: Database, database_url: str
) -> None:
    question = queries("database_health")["login_owns_tables"]
    both = await Database.open(database_url, size=2)
    async with database.as_system() as serving, both.as_system() as owning:
        assert not await serving.fetchval(question)
        assert await owning.fetchval(question)
    both.terminate()


async def test_migrate_makes_the_log_in_and_another_time_leaves_it(
    postgres: EmbeddedPostgres, empty_database_url: str
) -> None:
    name = empty_database_url.rpartition("/")[2]
    other = database_dsn(postgres.owner_dsn, name).replace("niochat:", f"of_{name}:", 1)
    migrate(empty_database_url, serving_url=other)
    migrate(empty_database_url, serving_url=other)

    made = await asyncpg.connect(other, server_settings={"role": "niochat_system"})
    try:
        assert await made.fetchval("SELECT session_user") == f"of_{name}"
        assert (
            await made.fetchval("SELECT version_num FROM alembic_version") == known_revisions()[-1]
        )
    finally:
        await made.close()
        admin = await open_connection(postgres.admin_dsn)
        await admin.execute(f"DROP ROLE of_{name}")
        await admin.close()


async def test_a_schema_of_a_newer_release_is_named_and_left(
    database_url: str, admin: Admin
) -> None:
    await admin.execute("UPDATE alembic_version SET version_num = '9999'")

    for attempt in (migrate, require_known_schema):
        with pytest.raises(
            OperationRefusedError, match=f"schema 9999.*newest is {known_revisions()[-1]}"
        ):
            attempt(database_url)


async def test_who_does_not_own_the_tables_is_told_to_name_who_does(
    serving_url: str, database: Database
) -> None:
    with pytest.raises(
        OperationRefusedError, match="niochat_serving does not own the tables: set DATABASE_OWN"
    ):
        migrate(serving_url)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (("niochat:", "nobody:"), "password authentication failed|role .* does not exist"),
        (("127.0.0.1", "127.0.0.1:1/x?a="), "DATABASE_URL cannot be used"),
        (("127.0.0.1", "name.invalid"), "resolve|not known"),
    ],
)
async def test_a_database_that_cannot_be_used_is_named_in_one_sentence_without_a_password(
    database_url: str, change: tuple[str, str], reason: str
) -> None:
    with pytest.raises(InvalidInputError, match=reason) as refused:
        require_database(database_url.replace(*change, 1), "DATABASE_URL")

    said = str(refused.value)
    assert said.startswith("DATABASE_URL cannot be used: ")
    assert "\n" not in said
    assert str(psycopg.conninfo.conninfo_to_dict(database_url)["password"]) not in said
