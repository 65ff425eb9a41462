"""Creates the mirror's tables in a project, as ``supabase db push`` does.

Each file is one transaction, recorded where the Supabase CLI records it, so that either of them may
be used, in any order.
"""

import re
from pathlib import Path

from niochat.domain.errors import InvalidInputError

_FILE = re.compile(r"(?P<version>\d+)_(?P<name>\w+)\.sql")
_HISTORY = """
CREATE SCHEMA IF NOT EXISTS supabase_migrations;
CREATE TABLE IF NOT EXISTS supabase_migrations.schema_migrations (
    version text PRIMARY KEY, statements text[], name text)
"""
_CONNECT_TIMEOUT_S = 10


def push_schema(database_url: str, folder: Path) -> list[str]:
    """Run the files of ``folder`` that the project does not have; return their names. Blocking.

    ``database_url`` is the log-in of the role ``postgres`` to the project's PostgreSQL. Raises
    ``InvalidInputError`` with the reason if it cannot be reached or refuses a file.
    """
    # This takes long to import, and only this command needs it.
    import psycopg

    try:
        with psycopg.connect(
            database_url,
            autocommit=True,
            connect_timeout=_CONNECT_TIMEOUT_S,
            prepare_threshold=None,
        ) as connection:
            connection.execute(_HISTORY)
            rows = connection.execute("SELECT version FROM supabase_migrations.schema_migrations")
            done = {row[0] for row in rows.fetchall()}
            pushed = []
            for file in sorted(folder.glob("*.sql")):
                match = _FILE.fullmatch(file.name)
                if match is None or match["version"] in done:
                    continue
                text = file.read_text(encoding="utf-8")
                with connection.transaction():
                    connection.execute(text.encode())
                    connection.execute(
                        "INSERT INTO supabase_migrations.schema_migrations"
                        " (version, statements, name) VALUES (%s, %s, %s)",
                        (match["version"], [text], match["name"]),
                    )
                pushed.append(file.name)
            return pushed
    except psycopg.OperationalError as error:
        raise InvalidInputError(
            f"the project's PostgreSQL cannot be reached ({_first_line(error)}): copy the session "
            f"pooler's address of the project, with the password of its database",
            code="project_database",
        ) from error
    except psycopg.Error as error:
        raise InvalidInputError(
            f"the project's PostgreSQL refuses the schema ({_first_line(error)}): log in as the "
            f"role postgres",
            code="project_schema",
        ) from error


def _first_line(error: Exception) -> str:
    return str(error).strip().split("\n", 1)[0]
