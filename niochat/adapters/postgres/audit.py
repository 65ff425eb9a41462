"""One row of the audit log, in the transaction of what it tells of."""

from niochat.adapters.postgres.database import Connection
from niochat.adapters.postgres.queries import queries
from niochat.domain.audit import Entry

_SQL = queries("audit")


async def record(connection: Connection, entry: Entry) -> None:
    """Written when the transaction commits, and not written when it does not."""
    await connection.execute(
        _SQL["record"], entry.tenant_id, entry.who.kind, entry.who.id, entry.action, entry.target,
        entry.before, entry.after, entry.who.address[:64],
    )  # fmt: skip
