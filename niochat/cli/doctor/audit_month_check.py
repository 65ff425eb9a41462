"""Finds an audit log that lacks months."""

from niochat.adapters.postgres.database import Database
from niochat.adapters.postgres.queries import queries

_SQL = queries("database_health")


async def find_audit_month_problems(database: Database) -> list[str]:
    """Return a sentence if the audit log is one table, half moved, or out of months soon. Raises
    ``UnavailableError``.
    """
    async with database.as_system() as connection:
        (months,) = await connection.fetch(_SQL["audit_months"])
    if months["moving"]:
        return [
            "the audit log is being moved into months, and each entry is written twice: if nobody"
            " runs it any more, run niochat audit partition, which goes on, or with --cancel"
        ]
    if not months["partitioned"]:
        return [
            "the audit log is one large table, from which old months cannot be dropped: run"
            " niochat audit partition, which works while the product runs"
        ]
    if not months["ahead"]:
        return [
            "the audit log has no parts for the months to come: run niochat migrate, else their"
            " entries go into the default part and cannot be dropped by month"
        ]
    return []
