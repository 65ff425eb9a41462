"""A project is prepared twice, migrated as `supabase db push` does, and started again."""

import asyncio
from pathlib import Path

import psycopg
import pytest

from niochat.launcher.databases.postgres_server import EmbeddedPostgres
from niochat_sandbox.supabase.project.project_database import MigrationFailed, ProjectDatabase
from niochat_sandbox.supabase.project.project_keys import ProjectKeys


@pytest.fixture
def database(supabase_postgres: EmbeddedPostgres, database_name: str) -> ProjectDatabase:
    prepared = ProjectDatabase(supabase_postgres.admin_dsn, database_name)
    prepared.prepare()
    return prepared


def value(database: ProjectDatabase, query: str) -> object:
    with psycopg.connect(database.admin_url) as connection:
        row = connection.execute(query.encode()).fetchone()
        return row and row[0]


def test_a_project_is_prepared_twice_without_an_error(database: ProjectDatabase) -> None:
    database.prepare()

    roles = "SELECT array_agg(rolname::text ORDER BY rolname) FROM pg_roles WHERE rolbypassrls"
    assert value(database, f"{roles} AND NOT rolsuper") == ["service_role", "supabase_owner"]
    publication = "SELECT count(*) FROM pg_publication WHERE pubname = 'supabase_realtime'"
    assert value(database, publication) == 1
    with psycopg.connect(database.authenticator_url) as connection:
        assert connection.execute("SHOW statement_timeout").fetchone() == ("8s",)


def test_a_new_table_has_no_grants(database: ProjectDatabase) -> None:
    database.run_sql("CREATE TABLE notes (id int PRIMARY KEY)")

    for role in ("anon", "authenticated", "service_role"):
        query = f"SELECT has_table_privilege('{role}', 'notes', 'SELECT, INSERT')"
        assert value(database, query) is False


def test_migrations_run_once_and_in_order(database: ProjectDatabase, tmp_path: Path) -> None:
    (tmp_path / "20260102000000_add.sql").write_text("ALTER TABLE notes ADD COLUMN text text;")
    (tmp_path / "20260101000000_notes.sql").write_text("CREATE TABLE notes (id int PRIMARY KEY);")
    (tmp_path / "README.sql").write_text("no migration")

    assert database.run_migrations(tmp_path) == [
        "20260101000000_notes.sql",
        "20260102000000_add.sql",
    ]
    assert database.run_migrations(tmp_path) == []
    history = "SELECT array_agg(name ORDER BY version) FROM supabase_migrations.schema_migrations"
    assert value(database, history) == ["notes", "add"]
    owner = "SELECT tableowner FROM pg_tables WHERE tablename = 'notes'"
    assert value(database, owner) == "supabase_owner"


def test_a_migration_that_fails_changes_nothing(database: ProjectDatabase, tmp_path: Path) -> None:
    file = tmp_path / "20260101000000_notes.sql"
    file.write_text("CREATE TABLE notes (id int PRIMARY KEY); SELECT 1 / 0;")
    with pytest.raises(MigrationFailed, match="20260101000000_notes"):
        database.run_migrations(tmp_path)

    assert value(database, "SELECT to_regclass('notes')") is None
    file.write_text("CREATE TABLE notes (id int PRIMARY KEY);")
    assert database.run_migrations(tmp_path) == [file.name]


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE ROLE other SUPERUSER",
        "CREATE INDEX CONCURRENTLY i ON notes (id)",
        "CREATE TABLE auth.x ()",
    ],
)
def test_a_migration_may_not_do_what_supabase_refuses(
    database: ProjectDatabase, tmp_path: Path, statement: str
) -> None:
    database.run_sql("CREATE TABLE notes (id int PRIMARY KEY)")
    (tmp_path / "20260101000000_refused.sql").write_text(statement)

    with pytest.raises(MigrationFailed):
        database.run_migrations(tmp_path)


def test_the_token_is_what_the_functions_of_auth_read(database: ProjectDatabase) -> None:
    claims = '{"sub": "7b2f9c9e-6f0c-4a57-9d3f-0f6f1c1d2e3f", "role": "authenticated"}'
    query = (
        f"SELECT set_config('request.jwt.claims', '{claims}', true),"
        " auth.uid()::text || ' ' || auth.role() || ' ' || (auth.jwt() ->> 'sub')"
    )
    with psycopg.connect(database.admin_url) as connection:
        row = connection.execute(query.encode()).fetchone()

    assert row is not None
    subject = "7b2f9c9e-6f0c-4a57-9d3f-0f6f1c1d2e3f"
    assert row[1] == f"{subject} authenticated {subject}"


def test_a_project_keeps_its_keys(tmp_path: Path) -> None:
    first = ProjectKeys.load_or_create(tmp_path / "keys.json")

    assert ProjectKeys.load_or_create(tmp_path / "keys.json") == first
    assert (tmp_path / "keys.json").stat().st_mode & 0o777 == 0o600
    assert first.role_of(first.publishable_key) == "anon"
    assert first.role_of("") is None


def test_two_processes_may_prepare_at_once(database: ProjectDatabase) -> None:
    async def prepare() -> None:
        await asyncio.gather(*(asyncio.to_thread(database.prepare) for _ in range(4)))

    asyncio.run(prepare())
    assert value(database, "SELECT count(*) FROM pg_event_trigger") == 2
