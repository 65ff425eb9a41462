"""What events lack: the agents who wrote messages, and what finished turns used."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from uuid import UUID

from niochat.adapters.postgres.database import Connection
from niochat.adapters.postgres.queries import queries
from niochat.domain.insights.contact_reasons import ToolUse
from niochat.domain.insights.conversation_measures import TurnUse
from niochat.domain.message import Author
from niochat.insights.projection import LogEntry

_SQL = queries("conversation_projection")


@dataclass(frozen=True, slots=True)
class EventDetails:
    """Agents by message; what turns used, and the tools that they called, by turn."""

    authors: Mapping[str, str]
    turn_uses: Mapping[str, TurnUse]
    tool_uses: Mapping[str, Sequence[ToolUse]]


async def load_event_details(
    connection: Connection, tenant_id: UUID, entries: Sequence[LogEntry]
) -> EventDetails:
    """Returns the details of all entries. A row that is gone has none."""
    authors = await load_authors(connection, tenant_id, entries)
    turns = _ids("turn", (entry for entry in entries if entry.type == "turn_finished"))
    uses: dict[str, TurnUse] = {}
    tools: dict[str, list[ToolUse]] = {}
    for row in await connection.fetch(_SQL["load_turns"], tenant_id, turns) if turns else ():
        called = [ToolUse(*each) for each in row["tools"]]
        uses[str(row["id"])] = TurnUse(len(called), row["tokens"], row["cost_micros"])
        tools[str(row["id"])] = called
    return EventDetails(authors, uses, tools)


async def load_authors(
    connection: Connection, tenant_id: UUID, entries: Sequence[LogEntry]
) -> dict[str, str]:
    """Returns the agents who wrote the messages of these events, by message: an event names no
    author beyond its kind.
    """
    messages = _ids(
        "message",
        (
            entry
            for entry in entries
            if entry.type == "message_queued" and entry.body.get("author") == Author.AGENT
        ),
    )
    if not messages:
        return {}
    rows = await connection.fetch(_SQL["load_authors"], tenant_id, messages)
    return {str(row["id"]): row["agent"] for row in rows if row["agent"]}


async def load_channels(
    connection: Connection, tenant_id: UUID, threads: Iterable[UUID]
) -> dict[UUID, UUID]:
    """Returns the channels of threads."""
    rows = await connection.fetch(_SQL["load_channels"], tenant_id, list(set(threads)))
    return {row["id"]: row["channel_id"] for row in rows}


def _ids(name: str, entries: Iterable[LogEntry]) -> list[UUID]:
    """The ids in these bodies; one that is none is left to the fold, which refuses it."""
    found = []
    for entry in entries:
        with suppress(ValueError):
            found.append(UUID(str(entry.body.get(name))))
    return found
