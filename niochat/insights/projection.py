"""What a projection is: rows that are computed from the event log of one tenant."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from niochat.adapters.postgres.database import Connection


@dataclass(frozen=True, slots=True)
class LogEntry:
    """An event as stored. ``xid`` is the number of its transaction in the order of the log."""

    xid: str
    conversation_id: UUID
    version: int
    thread_id: UUID
    type: str
    body: Mapping[str, Any]
    schema_version: int
    at: datetime


@dataclass(frozen=True, slots=True)
class ProjectionScope:
    """The rows that are written: those of one tenant and one generation."""

    tenant_id: UUID
    generation: int


class PoisonedEventError(Exception):
    """A projection cannot read the event at ``index`` of the entries that it got."""

    def __init__(self, index: int, reason: str) -> None:
        super().__init__(reason)
        self.index = index
        self.reason = reason


class Projection(Protocol):
    """Computes rows from events. Equal events in equal order give equal rows, whatever the sizes of
    the batches, so that a rebuilt generation equals the one that it replaces.
    """

    @property
    def name(self) -> str:
        """The name by which positions and ``niochat rebuild`` know it."""
        ...

    @property
    def revision(self) -> int:
        """The number of its rules. A generation of a lower one is replaced by the projector."""
        ...

    @property
    def reads(self) -> frozenset[str] | None:
        """The types of events whose bodies it reads; ``None``: all."""
        ...

    @property
    def needs_others(self) -> bool:
        """Whether it must get events of other types too, without their bodies. If not, it may get
        some all the same.
        """
        ...

    async def apply(
        self, connection: Connection, scope: ProjectionScope, entries: Sequence[LogEntry]
    ) -> None:
        """Writes the rows that follow from ``entries``, in the caller's transaction. Raises
        ``PoisonedEventError`` before it writes anything.
        """
        ...

    async def delete_some(self, connection: Connection, scope: ProjectionScope, limit: int) -> int:
        """Deletes up to ``limit`` rows of a generation that nothing reads; returns how many."""
        ...
