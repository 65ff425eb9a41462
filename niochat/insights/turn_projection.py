"""Projects finished turns of the assistant: tools, tokens and cost."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from niochat.adapters.postgres.database import Connection
from niochat.adapters.postgres.queries import queries
from niochat.insights.projection import LogEntry, PoisonedEventError, ProjectionScope
from niochat.insights.projection_store import delete_by

_SQL = queries("turn_projection")


class TurnProjection:
    """One row for each finished turn."""

    name = "turns"
    revision = 1
    reads: frozenset[str] | None = frozenset({"turn_finished"})
    needs_others = False

    async def apply(
        self, connection: Connection, scope: ProjectionScope, entries: Sequence[LogEntry]
    ) -> None:
        """See ``Projection``."""
        turns = [
            _read_turn(index, entry)
            for index, entry in enumerate(entries)
            if entry.type == "turn_finished"
        ]
        if turns:
            await connection.execute(_SQL["insert_turns"], scope.tenant_id, scope.generation, turns)

    async def delete_some(self, connection: Connection, scope: ProjectionScope, limit: int) -> int:
        """See ``Projection``."""
        return await delete_by(connection, (_SQL["delete_some_turns"],), scope, limit)


def _read_turn(index: int, entry: LogEntry) -> dict[str, Any]:
    try:
        return {
            "conversation_id": entry.conversation_id,
            "turn_id": UUID(str(entry.body["turn"])),
            "at": entry.at,
            "outcome": str(entry.body["outcome"]),
            "code": str(entry.body["code"]),
        }
    except (KeyError, ValueError) as error:
        raise PoisonedEventError(index, f"{type(error).__name__}: {error}") from error
