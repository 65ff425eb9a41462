"""PostgreSQL of a benchmark's stack: further databases, and its statistics."""

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
    """The statistics of one statement: calls, milliseconds in PostgreSQL, bytes of WAL."""

    text: str
    calls: int
    ms: float
    wal_bytes: float

    @property
    def is_transaction(self) -> bool:
        """Whether the statement only begins or ends a transaction."""
        return self.text.split(" ", 1)[0].rstrip(";").upper() in _TRANSACTION_KEYWORDS

    def minus(self, before: "StatementStatistics | None") -> "StatementStatistics":
        """The difference from ``before``."""
        if before is None:
            return self
        return StatementStatistics(
            self.text,
            self.calls - before.calls,
            self.ms - before.ms,
            self.wal_bytes - before.wal_bytes,
        )

    def plus(self, other: "StatementStatistics | None") -> "StatementStatistics":
        """The sum of both."""
        if other is None:
            return self
        return StatementStatistics(
            self.text,
            self.calls + other.calls,
            self.ms + other.ms,
            self.wal_bytes + other.wal_bytes,
        )

    def as_dict(self, units: int) -> dict[str, Any]:
        """The statistics per unit of work as JSON."""
        return {
            "ms_per_unit": round(self.ms / units, 4),
            "calls_per_unit": round(self.calls / units, 3),
            "ms_per_call": round(self.ms / self.calls, 3),
            "wal_bytes_per_unit": round(self.wal_bytes / units),
            "query": " ".join(self.text.split())[:_MAX_QUERY_LENGTH],
        }


@dataclass(frozen=True, slots=True)
class DatabaseCounters:
    """The counters of one database since its creation; statements by their id."""

    commits: int
    statements: dict[int, StatementStatistics]


class BenchPostgres:
    """Access to the benchmark's PostgreSQL as superuser."""

    def __init__(self, admin_dsn: str) -> None:
        self._admin_dsn = admin_dsn

    def dsn_for(self, database: str) -> str:
        """The superuser's DSN of ``database``."""
        return psycopg.conninfo.make_conninfo(self._admin_dsn, dbname=database)

    def create_database(self, database: str) -> None:
        """Create an empty database that belongs to the product's owner role."""
        statement = sql.SQL("CREATE DATABASE {} OWNER {}")
        with psycopg.connect(self._admin_dsn, autocommit=True) as connection:
            connection.execute(
                statement.format(sql.Identifier(database), sql.Identifier(OWNER_ROLE))
            )

    def fetch(self, query: str, *arguments: object, database: str = DATABASE_NAME) -> list[Any]:
        """Return the rows of one query; row-level security does not apply."""
        return self.run_all([(query, arguments)], database)

    def run_all(
        self, queries: Sequence[tuple[str, Sequence[object]]], database: str = DATABASE_NAME
    ) -> list[Any]:
        """Run queries with their arguments in one session; return the rows of the last."""
        rows: list[Any] = []
        with psycopg.connect(self.dsn_for(database), autocommit=True) as connection:
            for statement, arguments in queries:
                cursor = psycopg.RawCursor(connection)
                cursor.execute(statement.encode(), arguments or None)
                rows = list(cursor.fetchall()) if cursor.description else []
        return rows

    def version(self) -> str:
        """The version of PostgreSQL."""
        with psycopg.connect(self._admin_dsn) as connection:
            number = connection.info.server_version
        return f"{number // 10_000}.{number % 10_000}"

    def read_counters(self, database: str = DATABASE_NAME) -> DatabaseCounters:
        """Read the current counters. Commits reach the counter within about a second."""
        commits = self.fetch(_SQL["count_commits"], database)
        rows = self.fetch(_SQL["statement_statistics"], database)
        found: dict[int, StatementStatistics] = {}
        for queryid, *figures in rows:  # one row per role that ran the statement
            found[queryid] = StatementStatistics(*figures).plus(found.get(queryid))
        return DatabaseCounters(int(commits[0][0]), found)


@dataclass(slots=True)
class DatabaseCost:
    """The cost of intervals of work in a database; intervals add up."""

    commits: int = 0
    statements: dict[int, StatementStatistics] = field(default_factory=dict)

    def add_interval(self, before: DatabaseCounters, after: DatabaseCounters) -> None:
        """Add the difference of two readings."""
        self.commits += after.commits - before.commits
        for queryid, now in after.statements.items():
            difference = now.minus(before.statements.get(queryid))
            if difference.calls:
                self.statements[queryid] = difference.plus(self.statements.get(queryid))

    def per_unit(self, units: int) -> dict[str, Any]:
        """Statements (without BEGIN and COMMIT), commits and the most expensive statements per
        unit.
        """
        divisor = max(units, 1)
        statistics = self.statements.values()
        calls = sum(each.calls for each in statistics if not each.is_transaction)
        most_expensive = sorted(statistics, key=lambda each: -each.ms)[:_MAX_SHOWN_STATEMENTS]
        return {
            "statements_per_unit": round(calls / divisor, 3),
            "commits_per_unit": round(self.commits / divisor, 3),
            "dearest_statements": [each.as_dict(divisor) for each in most_expensive],
        }
