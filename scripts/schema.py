#!/usr/bin/env python3
"""Write the schema in force to niochat/adapters/postgres/schema.sql.

Runs all migrations on a temporary database and dumps the result. Run this script after you have
written a migration, and update functions/ by hand: it holds the source of each SQL function in
force. A test fails if the files differ from the migrated schema.
"""

import re
import subprocess
import tempfile
from pathlib import Path

from niochat.adapters.postgres.schema_migration import migrate
from niochat.launcher.databases.postgres_server import EmbeddedPostgres, postgres_program_folder
from niochat.launcher.home_folder import HomeFolder
from niochat.launcher.network_ports import StackPorts
from niochat.launcher.stack_credentials import StackCredentials

FOLDER = Path(__file__).parents[1] / "niochat" / "adapters" / "postgres"
_HEAD = """\
-- The schema that the migrations lead to, as scripts/schema.py writes it. Do not edit it: write a
-- migration, then run the script. psql builds an empty database from it, run as the owner."""
_SETTING = re.compile(
    r"^(SET [a-z_]+ =|SELECT pg_catalog\.set_config|\\(un)?restrict)\b.*\n", re.MULTILINE
)
_OBJECT = re.compile(r"^--\n-- Name: .*?; Type: (?P<kind>[A-Z ]+); Schema.*\n--\n\n", re.MULTILINE)
_FUNCTION = re.compile(r"\ACREATE FUNCTION public\.(\w+)\(.*", re.DOTALL)


def main() -> None:
    (FOLDER / "schema.sql").write_text(schema_of(_migrated_dump()), encoding="utf-8")


def schema_of(dumped: str) -> str:
    """Convert the output of :func:`dump` to ``schema.sql``.

    Each function is included by ``\\ir`` at the position where it can be created.
    """
    body = _SETTING.sub("", dumped).rpartition("--\n-- PostgreSQL database dump complete")[0]
    statements = (piece.strip() for piece in _OBJECT.split(body)[2::2])
    included = (_FUNCTION.sub(r"\\ir functions/\1.sql", each) for each in statements)
    return "\n\n".join((_HEAD, "SET check_function_bodies = false;", *included)) + "\n"


def dump(url: str) -> str:
    """Dump the schema of a database by pg_dump.

    Omits rows, Alembic's table, the audit log's months, which depend on the day, and the statistics
    extension, which only the embedded server has.
    """
    command = [
        str(postgres_program_folder() / "pg_dump"),
        "--schema-only",
        "--no-owner",
        "--exclude-table=alembic_version",
        "--exclude-table=audit_2*",
        "--exclude-extension=pg_stat_statements",
        url,
    ]
    return subprocess.run(command, check=True, text=True, capture_output=True).stdout


def _migrated_dump() -> str:
    with tempfile.TemporaryDirectory(prefix="niochat-") as folder:
        home = HomeFolder.create(Path(folder))
        server = EmbeddedPostgres(
            home, StackPorts.allocate(home).postgres, StackCredentials.load_or_create(home)
        )
        server.start()
        try:
            migrate(server.owner_dsn, serving_url=server.serving_dsn)
            return dump(server.owner_dsn)
        finally:
            server.stop()


if __name__ == "__main__":
    main()
