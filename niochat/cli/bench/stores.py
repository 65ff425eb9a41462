"""PostgreSQL of a bench stack: databases beside the product's, and what its counters say."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import sql

from niochat.stack.postgres import DATABASE, OWNER

_COMMITS = "SELECT xact_commit FROM pg_stat_database WHERE datname = %s"
_STATEMENTS = """
SELECT s.queryid, s.query, s.calls, s.total_exec_time, s.rows, s.wal_bytes::float
  FROM pg_stat_statements s JOIN pg_database d ON d.oid = s.dbid
 WHERE d.datname = %s
"""
_SHOWN = 25
_QUERY = 160


@dataclass(frozen=True, slots=True)
class Counters:
    """Of one database, since it began. `statements` by id: (text, calls, milliseconds)."""

    commits: int
    statements: dict[int, tuple[str, int, float, float]]

    @property
    def calls(self) -> int:
        """Statements without those that begin and end a transaction."""
        return sum(
            calls for text, calls, _, _ in self.statements.values() if not _is_transaction(text)
        )


class Stores:
    """The superuser's view of the bench's PostgreSQL."""

    def __init__(self, admin_dsn: str) -> None:
        self._admin_dsn = admin_dsn

    def address(self, database: str) -> str:
        """The superuser's log-in to `database`."""
        return psycopg.conninfo.make_conninfo(self._admin_dsn, dbname=database)

    def create(self, database: str) -> None:
        """An empty database of the product's owner."""
        statement = sql.SQL("CREATE DATABASE {} OWNER {}")
        with psycopg.connect(self._admin_dsn, autocommit=True) as connection:
            connection.execute(
                statement.format(sql.Identifier(database), sql.Identifier(OWNER))
            )

    def fetch(self, query: str, *arguments: object, database: str = DATABASE) -> list[Any]:
        """Rows of one query, past every policy."""
        with psycopg.connect(self.address(database), autocommit=True) as connection:
            cursor = connection.execute(query.encode(), arguments or None)
            return list(cursor.fetchall()) if cursor.description else []

    def counters(self, database: str = DATABASE) -> Counters:
        """Now. Commits reach the counter within about a second."""
        commits = self.fetch(_COMMITS, database, database=DATABASE)
        rows = self.fetch(_STATEMENTS, database, database=DATABASE)
        found: dict[int, tuple[str, int, float, float]] = {}
        for queryid, text, calls, ms, _, wal in rows:
            _, before, ms_before, wal_before = found.get(queryid, ("", 0, 0.0, 0.0))
            found[queryid] = (text, calls + before, ms + ms_before, wal + wal_before)
        return Counters(int(commits[0][0]), found)


def per_unit(before: Counters, after: Counters, units: int) -> dict[str, Any]:
    """Statements, commits and the dearest statements for a unit of work."""
    many = max(units, 1)
    return {
        "statements_per_unit": round((after.calls - before.calls) / many, 3),
        "commits_per_unit": round((after.commits - before.commits) / many, 3),
        "dearest_statements": _dearest(before, after, many),
    }


def _dearest(before: Counters, after: Counters, units: int) -> Sequence[dict[str, Any]]:
    rows = []
    for queryid, (text, calls, ms, wal) in after.statements.items():
        _, calls_before, ms_before, wal_before = before.statements.get(queryid, ("", 0, 0.0, 0.0))
        if calls > calls_before:
            rows.append(
                {
                    "ms_per_unit": round((ms - ms_before) / units, 4),
                    "calls_per_unit": round((calls - calls_before) / units, 3),
                    "ms_per_call": round((ms - ms_before) / (calls - calls_before), 3),
                    "wal_bytes_per_unit": round((wal - wal_before) / units),
                    "query": " ".join(text.split())[:_QUERY],
                }
            )
    return sorted(rows, key=lambda row: -float(str(row["ms_per_unit"])))[:_SHOWN]


def _is_transaction(text: str) -> bool:
    return text.split(" ", 1)[0].rstrip(";").upper() in ("BEGIN", "COMMIT", "ROLLBACK")
