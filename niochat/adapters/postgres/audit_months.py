"""The months of the audit log: a table partitioned by month (ADR 0057).

All of it is work of the tables' owner. The processes that serve may add rows and nothing else.
"""

import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import structlog

from niochat.adapters import clock
from niochat.domain.errors import ConflictError, InvalidInputError, OperationRefusedError

if TYPE_CHECKING:
    import psycopg

    _Session = psycopg.Connection[tuple[object, ...]]

MONTHS_AHEAD = 12
"""Months that ``niochat migrate`` adds ahead. Rows of later ones go into the default part."""
BATCH_SIZE = 5_000
"""Rows of one transaction of the copy: some 100 ms."""
LOCK_TIMEOUT = "700ms"
"""Below PostgreSQL's ``deadlock_timeout`` (1 s): the move gives up before a writer would be chosen
as the victim of a deadlock.
"""
LOCK_ATTEMPTS = 20
LOCK_PAUSE_S = 2.0
ADVISORY_LOCK = 7226042
MoveProgress = Callable[[str, int, int], None]
"""Called with the step (``copying``, ``comparing``, ``replacing``), and the numbers of the last row
that was copied and of the last one to copy.
"""

_log = structlog.get_logger(__name__)

_IS_PARTITIONED = "SELECT relkind = 'p' FROM pg_class WHERE oid = to_regclass('public.audit')"
_KNOWS_MONTHS = "SELECT to_regproc('public.begin_audit_move') IS NOT NULL"
_IS_MOVING = "SELECT to_regclass('public.audit_move') IS NOT NULL"
_ADD_MONTHS = "SELECT add_audit_months('audit', now(), now() + make_interval(months => %s))"


def add_months_ahead(owner_url: str) -> int:
    """Add the parts of the next ``MONTHS_AHEAD`` months and return how many were missing; none if
    the table is not partitioned, with a warning in the log. Blocking. Where writers hold their
    locks too long, nothing is added and a warning is logged: the next run adds them, and until then
    rows go to the default part.
    """
    import psycopg

    with psycopg.connect(owner_url) as connection:
        if not _is_true(connection, _IS_PARTITIONED):
            if _is_true(connection, _KNOWS_MONTHS):
                _log.warning("audit_log_has_no_months", to_do="niochat audit partition")
            return 0
        try:
            connection.execute("SELECT set_config('lock_timeout', %s, true)", ("5s",))
            row = connection.execute(_ADD_MONTHS, (MONTHS_AHEAD,)).fetchone()
        except psycopg.errors.LockNotAvailable:
            _log.warning("audit_months_not_added")
            return 0
    return int(str(row[0])) if row else 0


def partition_audit_log(
    owner_url: str, progress: MoveProgress = lambda step, done, total: None
) -> bool:
    """Move the audit log into a table partitioned by month, beside its writers. Returns False if it
    is partitioned already. Blocking.

    Whatever dies, the next run continues: new rows go to both tables by a trigger, and the copy
    stores how far it is with each batch. Raises ``OperationRefusedError`` (``moving``) while
    another process moves it, or (``rows_differ``) if the tables differ at the end, and
    ``ConflictError`` if writers hold their locks too long; all three leave the log as it is.
    """
    import psycopg

    with psycopg.connect(owner_url, autocommit=True) as connection:
        _require_schema(connection)
        if not _is_true(connection, f"SELECT pg_try_advisory_lock({ADVISORY_LOCK})"):
            raise OperationRefusedError(
                "Another process is moving the audit log. Wait until it has finished.",
                code="moving",
            )
        if _is_true(connection, _IS_PARTITIONED):
            return False
        if not _is_true(connection, _IS_MOVING):
            _run_briefly(connection, "SELECT begin_audit_move()")
        _copy(connection, progress)
        progress("comparing", 0, 0)
        _require_equal(connection)
        progress("replacing", 0, 0)
        _run_briefly(connection, "SELECT finish_audit_move()")
    add_months_ahead(owner_url)
    return True


def cancel_partitioning(owner_url: str) -> None:
    """Undo an unfinished move: the log is as it was. Blocking. Raises ``ConflictError``."""
    import psycopg

    with psycopg.connect(owner_url, autocommit=True) as connection:
        _require_schema(connection)
        if not _is_true(connection, f"SELECT pg_try_advisory_lock({ADVISORY_LOCK})"):
            raise OperationRefusedError(
                "Another process is moving the audit log: end it first.", code="moving"
            )
        if _is_true(connection, _IS_MOVING):
            _run_briefly(connection, "SELECT cancel_audit_move()")


@dataclass(frozen=True, slots=True)
class DroppedMonths:
    """How many months were dropped, and the rows in them."""

    months: int
    rows: int


def drop_months(owner_url: str, before: str) -> DroppedMonths:
    """Drop the months of the audit log before ``before`` (``YYYY-MM``), in one transaction with an
    entry that records it. Cannot be undone. Blocking. Raises ``InvalidInputError`` for another form
    or a month in the future, ``OperationRefusedError`` (``not_partitioned``, ``not_sealed``) and
    ``ConflictError``.
    """
    import psycopg

    if not re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])", before):
        raise InvalidInputError(f"{before} is no month: write it like 2026-01.", code="bad_month")
    if date.fromisoformat(f"{before}-01") > clock.now().date():
        raise InvalidInputError(
            f"{before} has not begun: the current month stays.", code="bad_month"
        )
    with psycopg.connect(owner_url, autocommit=True) as connection:
        _require_schema(connection)
        if not _is_true(connection, _IS_PARTITIONED):
            raise OperationRefusedError(
                "The audit log has no months yet: run niochat audit partition first.",
                code="not_partitioned",
            )
        try:
            statement = f"SELECT * FROM drop_audit_months('{before}-01 00:00+00')"
            row = _run_briefly(connection, statement)
        except psycopg.errors.RaiseException as error:
            raise OperationRefusedError(
                f"Nothing was dropped: {error.diag.message_primary}. Rows are sealed every few"
                " seconds while the product runs; try again then.",
                code="not_sealed",
            ) from error
    assert row is not None
    return DroppedMonths(int(str(row[0])), int(str(row[1])))


def _require_schema(connection: "_Session") -> None:
    if not _is_true(connection, _KNOWS_MONTHS):
        raise OperationRefusedError(
            "The database has an older schema: run niochat migrate first.", code="older_schema"
        )


def _copy(connection: "_Session", progress: MoveProgress) -> None:
    while True:
        row = connection.execute("SELECT * FROM copy_audit_rows(%s)", (BATCH_SIZE,)).fetchone()
        assert row is not None
        copied, upto = int(str(row[0])), int(str(row[1]))
        progress("copying", copied, upto)
        if copied >= upto:
            return


def _require_equal(connection: "_Session") -> None:
    row = connection.execute("SELECT count_audit_difference()").fetchone()
    if row != (0,):
        raise OperationRefusedError(
            f"The copy differs from the audit log by {row and row[0]} rows, so it was not used:"
            " somebody changed rows of the log meanwhile. Run niochat audit verify, then niochat"
            " audit partition --cancel, and begin again.",
            code="rows_differ",
        )


def _run_briefly(connection: "_Session", statement: str) -> "tuple[object, ...] | None":
    """Run a statement that needs a strong lock, in a transaction that waits for it less than a
    second, and try again later: those who queue behind a waiting lock wait as long as it does.
    Returns the first row.
    """
    import psycopg

    for _ in range(LOCK_ATTEMPTS):
        try:
            with connection.transaction():
                connection.execute("SELECT set_config('lock_timeout', %s, true)", (LOCK_TIMEOUT,))
                return connection.execute(statement.encode()).fetchone()
        except psycopg.errors.LockNotAvailable:
            time.sleep(LOCK_PAUSE_S)
    raise ConflictError(
        "Long transactions kept the audit log locked. Nothing was changed by this step: find them"
        " in pg_stat_activity, or run the command again at a quiet time; it goes on where it was."
    )


def _is_true(connection: "_Session", query: str) -> bool:
    return connection.execute(query.encode()).fetchone() == (True,)
