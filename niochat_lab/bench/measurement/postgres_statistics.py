"""PostgreSQL of a bench stack: databases beside the product's, and what its counters say."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import psycopg
from psycopg import sql

from niochat.launcher.databases.postgres_server import DATABASE_NAME, OWNER_ROLE
from niochat_lab.lab_queries import lab_queries

_SQL = lab_queries("bench")
_TRANSACTION_KEYWORDS = ("BEGIN", "COMMIT", "ROLLBACK")
_MAX_SHOWN_STATEMENTS = 25
_MAX_QUERY_LENGTH = 160


@dataclass(frozen=True, slots=True)
class StatementStatistics:
    """What PostgreSQL counted of one statement: milliseconds on its side, bytes of its log."""

    text: str
    calls: int
    ms: float
    wal_bytes: float

    @property
    def is_transaction(self) -> bool:
        """It only begins or ends one."""
        return self.text.split(" ", 1)[0].rstrip(";").upper() in _TRANSACTION_KEYWORDS

    def minus(self, before: "StatementStatistics | None") -> "StatementStatistics":
        """What came after `before`."""
        if before is None:
            return self
        return StatementStatistics(
            self.text,
            self.calls - before.calls,
            self.ms - before.ms,
            self.wal_bytes - before.wal_bytes,
        )

    def plus(self, other: "StatementStatistics | None") -> "StatementStatistics":
        """Both together."""
        if other is None:
            return self
        return StatementStatistics(
            self.text,
            self.calls + other.calls,
            self.ms + other.ms,
            self.wal_bytes + other.wal_bytes,
        )

    def as_dict(self, units: int) -> dict[str, Any]:
        """For JSON, for a unit of work."""
        return {
            "ms_per_unit": round(self.ms / units, 4),
            "calls_per_unit": round(self.calls / units, 3),
            "ms_per_call": round(self.ms / self.calls, 3),
            "wal_bytes_per_unit": round(self.wal_bytes / units),
            "query": " ".join(self.text.split())[:_MAX_QUERY_LENGTH],
        }


@dataclass(frozen=True, slots=True)
class DatabaseCounters:
    """Of one database, since it began; statements by their id."""

    commits: int
    statements: dict[int, StatementStatistics]


class BenchPostgres:
    """The superuser's view of the bench's PostgreSQL."""

    def __init__(self, admin_dsn: str) -> None:
        self._admin_dsn = admin_dsn

    def dsn_for(self, database: str) -> str:
        """The superuser's log-in to `database`."""
        return psycopg.conninfo.make_conninfo(self._admin_dsn, dbname=database)

    def create_database(self, database: str) -> None:
        """An empty database of the product's owner."""
        statement = sql.SQL("CREATE DATABASE {} OWNER {}")
        with psycopg.connect(self._admin_dsn, autocommit=True) as connection:
            connection.execute(
                statement.format(sql.Identifier(database), sql.Identifier(OWNER_ROLE))
            )

    def fetch(self, query: str, *arguments: object, database: str = DATABASE_NAME) -> list[Any]:
        """Rows of one query, past every policy."""
        return self.run_all([(query, arguments)], database)

    def run_all(
        self, wanted: Sequence[tuple[str, Sequence[object]]], database: str = DATABASE_NAME
    ) -> list[Any]:
        """Queries with their arguments in one session; the rows of the last."""
        rows: list[Any] = []
        with psycopg.connect(self.dsn_for(database), autocommit=True) as connection:
            for statement, arguments in wanted:
                cursor = psycopg.RawCursor(connection)
                cursor.execute(statement.encode(), arguments or None)
                rows = list(cursor.fetchall()) if cursor.description else []
        return rows

    def version(self) -> str:
        """PostgreSQL's."""
        with psycopg.connect(self._admin_dsn) as connection:
            number = connection.info.server_version
        return f"{number // 10_000}.{number % 10_000}"

    def read_counters(self, database: str = DATABASE_NAME) -> DatabaseCounters:
        """Now. Commits reach the counter within about a second."""
        commits = self.fetch(_SQL["count_commits"], database)
        rows = self.fetch(_SQL["statement_statistics"], database)
        found: dict[int, StatementStatistics] = {}
        for queryid, *counted in rows:  # one row for each role that ran it
            found[queryid] = StatementStatistics(*counted).plus(found.get(queryid))
        return DatabaseCounters(int(commits[0][0]), found)


@dataclass(slots=True)
class DatabaseCost:
    """What pieces of work cost in a database; pieces add up."""

    commits: int = 0
    statements: dict[int, StatementStatistics] = field(default_factory=dict)

    def add_interval(self, before: DatabaseCounters, after: DatabaseCounters) -> None:
        """One more piece."""
        self.commits += after.commits - before.commits
        for known, now in after.statements.items():
            gained = now.minus(before.statements.get(known))
            if gained.calls:
                self.statements[known] = gained.plus(self.statements.get(known))

    def per_unit(self, units: int) -> dict[str, Any]:
        """Statements (without BEGIN and COMMIT), commits and the dearest statements for a unit."""
        many = max(units, 1)
        all_of_them = self.statements.values()
        calls = sum(each.calls for each in all_of_them if not each.is_transaction)
        dearest = sorted(all_of_them, key=lambda each: -each.ms)[:_MAX_SHOWN_STATEMENTS]
        return {
            "statements_per_unit": round(calls / many, 3),
            "commits_per_unit": round(self.commits / many, 3),
            "dearest_statements": [each.as_dict(many) for each in dearest],
        }
