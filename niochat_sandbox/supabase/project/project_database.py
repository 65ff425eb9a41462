"""Prepares a database as a new Supabase project has it, and runs migrations there.

Differences: the owner of a project's tables is the role ``supabase_owner``, which has the rights
that ``postgres`` has on Supabase, because on our servers ``postgres`` is the superuser. The module
``safeupdate`` is not there; the API gateway refuses what it would refuse.
"""

import hashlib
import hmac
import re
from pathlib import Path
from urllib.parse import quote, urlsplit, urlunsplit

import psycopg
from psycopg import sql

OWNER_ROLE = "supabase_owner"
_PROJECT_SQL = Path(__file__).with_name("project.sql")
_MIGRATION_FILE = re.compile(r"^([0-9]+)_(.*)\.sql$")
_HISTORY_SQL = """
CREATE SCHEMA IF NOT EXISTS supabase_migrations;
CREATE TABLE IF NOT EXISTS supabase_migrations.schema_migrations (
    version text PRIMARY KEY, statements text[], name text
);
"""


class MigrationFailed(Exception):
    """A file of migrations could not be run; nothing of it was. The message says which and why."""


class ProjectDatabase:
    """One project's database on a PostgreSQL server that we are the superuser of."""

    def __init__(self, admin_url: str, name: str) -> None:
        """``admin_url``: URL of the superuser to any database of the server."""
        self._server_url = admin_url
        self.name = name

    @property
    def admin_url(self) -> str:
        """URL of the superuser to the project's database."""
        return urlunsplit(urlsplit(self._server_url)._replace(path=f"/{quote(self.name)}"))

    @property
    def authenticator_url(self) -> str:
        """URL of the role as which PostgREST logs in."""
        parts = urlsplit(self.admin_url)
        address = parts.netloc.rpartition("@")[2]
        login = f"authenticator:{self._authenticator_password}"
        return urlunsplit(parts._replace(netloc=f"{login}@{address}"))

    @property
    def _authenticator_password(self) -> str:
        # Derived, so that all projects of one server agree on it: they share the role.
        key = (urlsplit(self._server_url).password or "").encode()
        return hmac.new(key, b"supabase authenticator", hashlib.sha256).hexdigest()

    def prepare(self) -> None:
        """Create the database if needed, and what a new project has in it. May run again."""
        self._create_database()
        with psycopg.connect(self.admin_url) as connection:
            connection.execute(_PROJECT_SQL.read_bytes())
            self._set_owner(connection)
            password = sql.Literal(self._authenticator_password)
            connection.execute(sql.SQL("ALTER ROLE authenticator PASSWORD {}").format(password))

    def run_migrations(self, folder: Path) -> list[str]:
        """Run the files of ``folder`` that have not run here, in the order of their numbers.

        As ``supabase db push`` does: each is one transaction, as the owner's role, and is recorded.
        Returns the names of the files that were run. Raises ``MigrationFailed``.
        """
        done: list[str] = []
        with psycopg.connect(self.admin_url, autocommit=True) as connection:
            connection.execute(_HISTORY_SQL.encode())
            rows = connection.execute("SELECT version FROM supabase_migrations.schema_migrations")
            recorded = {str(row[0]) for row in rows}
            for file in sorted(folder.glob("*.sql")):
                match = _MIGRATION_FILE.match(file.name)
                if match is None or match[1] in recorded:
                    continue
                self._run_migration(connection, file, match[1], match[2])
                done.append(file.name)
        return done

    def run_sql(self, text: str) -> None:
        """Run statements as the owner's role, in one transaction."""
        with psycopg.connect(self.admin_url) as connection:
            self._run_as_owner(connection, text)

    def notify_schema(self) -> None:
        """Tell PostgREST to read the schema."""
        with psycopg.connect(self.admin_url, autocommit=True) as connection:
            connection.execute("NOTIFY pgrst, 'reload schema'")

    def _run_migration(
        self, connection: psycopg.Connection, file: Path, version: str, name: str
    ) -> None:
        text = file.read_text(encoding="utf-8")
        try:
            with connection.transaction():
                self._run_as_owner(connection, text)
                connection.execute(
                    "INSERT INTO supabase_migrations.schema_migrations (version, statements, name)"
                    " VALUES (%s, %s, %s)",
                    (version, [text], name),
                )
        except psycopg.Error as error:
            raise MigrationFailed(f"{file.name}: {error}") from error

    def _run_as_owner(self, connection: psycopg.Connection, text: str) -> None:
        connection.execute(sql.SQL("SET LOCAL ROLE {}").format(sql.Identifier(OWNER_ROLE)))
        connection.execute(text.encode())
        connection.execute("RESET ROLE")

    def _create_database(self) -> None:
        with psycopg.connect(self._server_url, autocommit=True) as connection:
            query = "SELECT FROM pg_database WHERE datname = %s"
            if connection.execute(query, (self.name,)).fetchone() is None:
                name = sql.Identifier(self.name)
                connection.execute(sql.SQL("CREATE DATABASE {}").format(name))

    def _set_owner(self, connection: psycopg.Connection) -> None:
        statement = sql.SQL("ALTER DATABASE {} OWNER TO {}")
        connection.execute(statement.format(sql.Identifier(self.name), sql.Identifier(OWNER_ROLE)))
