"""Sends the roll-ups of reports: those of the buckets to which a tenant's new events belong.

The projector changes roll-ups without saying which, so whole buckets are read, up to the position
of the projection, and rows that this process sent last in the same state are left out: each row
that a project stores may become a message to everybody who listens, and messages cost money.
"""

from collections import OrderedDict
from collections.abc import Sequence
from typing import Any, NamedTuple
from uuid import UUID

import orjson

from niochat.adapters.postgres.database import Connection
from niochat.adapters.postgres.queries import queries
from niochat.mirror.mirror_sources import SourceRow

_SQL = queries("mirror")

MAX_EVENTS = 2_000
MAX_REMEMBERED_ROWS = 50_000


class RollupPosition(NamedTuple):
    """How far the log was read for roll-ups, and the generation that they belong to."""

    generation: int
    xid: str
    conversation_id: UUID
    version: int


class ChangedBuckets(NamedTuple):
    """Buckets to send. ``is_rebuilt``: another generation serves, so all have to be sent."""

    refs: list[str]
    position: RollupPosition
    is_full: bool
    is_rebuilt: bool


async def read_changed_buckets(
    connection: Connection, tenant_id: UUID, position: Any
) -> ChangedBuckets | None:
    """Return the buckets after the ``position``, a row of ``mirror_positions``; ``None``: none."""
    horizon = await connection.fetchrow(_SQL["rollup_horizon"], tenant_id)
    if horizon is None:
        return None
    generation = horizon["generation"]
    row = await connection.fetchrow(
        _SQL["changed_buckets"],
        tenant_id,
        str(position["rollup_xid"]),
        position["rollup_conversation"],
        position["rollup_version"],
        horizon["xid"],
        horizon["conversation_id"],
        horizon["version"],
        MAX_EVENTS,
        generation,
    )
    if row is None:
        return None
    return ChangedBuckets(
        row["buckets"],
        RollupPosition(generation, row["xid"], row["conversation_id"], row["version"]),
        row["events"] == MAX_EVENTS,
        position["rollup_generation"] not in (0, generation),
    )


class SentRows:
    """The states of rows that were sent last, of the tenants that only this process has mirrored
    since.
    """

    def __init__(self, limit: int = MAX_REMEMBERED_ROWS) -> None:
        self._limit = limit
        self._rows: OrderedDict[tuple[UUID, str], int] = OrderedDict()
        self._versions: dict[UUID, int] = {}

    def begin(self, tenant_id: UUID, previous_version: int) -> None:
        """Forget a tenant's rows if another process has mirrored it since."""
        if self._versions.get(tenant_id) != previous_version:
            self.forget(tenant_id)

    def end(self, tenant_id: UUID, version: int) -> None:
        """Store that a batch was sent and settled by this process."""
        self._versions[tenant_id] = version

    def forget(self, tenant_id: UUID) -> None:
        """Have all rows of a tenant sent again."""
        self._versions.pop(tenant_id, None)
        for key in [key for key in self._rows if key[0] == tenant_id]:
            del self._rows[key]

    def changed(self, tenant_id: UUID, rows: Sequence[SourceRow]) -> list[SourceRow]:
        """Return the rows whose state is not the one that was sent last."""
        return [each for each in rows if self._rows.get(_key(tenant_id, each)) != _state(each)]

    def remember(self, tenant_id: UUID, rows: Sequence[SourceRow]) -> None:
        """Store that these rows were sent."""
        for each in rows:
            key = _key(tenant_id, each)
            self._rows[key] = _state(each)
            self._rows.move_to_end(key)
        while len(self._rows) > self._limit:
            self._rows.popitem(last=False)


def _key(tenant_id: UUID, row: SourceRow) -> tuple[UUID, str]:
    return tenant_id, str(row.row["id"])


def _state(row: SourceRow) -> int:
    return hash(orjson.dumps(row.row))
