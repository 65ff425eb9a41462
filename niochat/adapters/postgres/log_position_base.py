"""Keeps log positions increasing after a restore, when a new cluster counts transactions anew.

The event log and the audit log are read in the order of transactions. A position is the number of
a transaction plus ``log_base()``, so that rows written after a restore come behind the older ones.
"""

import structlog

from niochat.adapters.postgres.database import Database
from niochat.adapters.postgres.queries import queries

_SQL = queries("database_health")
LOG_BASE_STEP = 2**32
"""Each base is a multiple of this step, so the multiple alone separates the positions before and
after a restore.
"""
_log = structlog.get_logger(__name__)

_MAX_AUDIT_POSITION = """
SELECT greatest(
    (SELECT xid::text::bigint FROM audit ORDER BY audit.xid DESC LIMIT 1),
    (SELECT upto_xid::text::bigint FROM audit_links ORDER BY number DESC LIMIT 1), 0)
"""
_MAX_EVENT_POSITION = "SELECT xid::text::bigint FROM events ORDER BY events.xid DESC LIMIT 1"
_NEXT_POSITION = "SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint + log_base()"


def raise_log_base(database_url: str) -> bool:
    """Raise the base if the log contains positions that this cluster has not reached. Returns
    whether the base was raised. Idempotent; changes nothing in a database that was never restored.
    Blocking. ``database_url`` is the owner's. Locks the logs against writers, and waits at most 5 s
    for each lock.
    """
    # This takes long to import, as Alembic does.
    import psycopg

    with psycopg.connect(database_url) as connection:
        missing = connection.execute("SELECT to_regprocedure('log_base()') IS NULL").fetchone()
        if missing == (True,):
            return False  # the schema is older than the function
        connection.execute("SET LOCAL lock_timeout = '5s'; SET LOCAL ROLE niochat_gate")
        farthest = _number(connection.execute(_MAX_AUDIT_POSITION).fetchone())
        connection.execute("SET LOCAL ROLE niochat_system")
        farthest = max(farthest, _number(connection.execute(_MAX_EVENT_POSITION).fetchone()))
        connection.execute("RESET ROLE")
        # Read after the others: in a database that was not restored, it is above them.
        if farthest < _number(connection.execute(_NEXT_POSITION).fetchone()):
            return False
        base = (farthest // LOG_BASE_STEP + 1) * LOG_BASE_STEP
        # Once locked, no writer uses the old base, and waiting writers will use the new one.
        connection.execute("LOCK TABLE events, audit IN EXCLUSIVE MODE")
        connection.execute(
            "CREATE OR REPLACE FUNCTION log_base() RETURNS bigint"
            f" LANGUAGE sql STABLE PARALLEL SAFE RETURN {base:d}::bigint".encode()
        )
    _log.warning("log_went_on_after_restore", base=base)
    return True


async def needs_log_base(database: Database) -> bool:
    """Whether ``raise_log_base`` has to run. Raises ``UnavailableError``."""
    async with database.as_system() as connection:
        return bool(await connection.fetchval(_SQL["needs_log_base"]))


def _number(row: tuple[int | None] | None) -> int:
    return (row[0] if row else None) or 0
