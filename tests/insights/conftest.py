"""A provider whose conversations happen on the real path, and projections of its log."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any
from uuid import UUID

import pytest_asyncio

from niochat.adapters.postgres.database import Database
from niochat.domain.conversation import commands as cmd
from niochat.insights.projection_runner import ProjectionRunner
from niochat.insights.projector import PROJECTIONS, Projector
from tests.builders import (
    ChannelRef,
    Host,
    RowBuilder,
    ShardAssignments,
    build_message,
    insert_commands,
)
from tests.http.rest.conftest import rest_api
from tests.wait_until import wait_until

__all__ = ["rest_api"]

SUMS = ("rollups", "answer_rollups", "duration_rollups", "delivery_rollups")
TABLES = ("conversation_measures", "human_answers", "assistant_turns", "deliveries", *SUMS)


@dataclass
class InsightsFixture:
    """The product's side of one provider."""

    database: Database
    given: RowBuilder
    host: Host
    place: ChannelRef
    _numbers: Any = field(default_factory=lambda: count(1))

    def __post_init__(self) -> None:
        self.runner = ProjectionRunner(self.database)
        self.projector = Projector(self.database, runner=self.runner)

    async def do(self, thread: UUID, *commands: cmd.DurableCommand) -> None:
        """These commands are executed."""
        await insert_commands(self.host, self.place, thread, commands)
        await self.host.run(thread)

    async def writes(self, thread: UUID, times: int = 1) -> None:
        """The customer writes."""
        for _ in range(times):
            await self.do(thread, build_message(f"m{next(self._numbers)}"))

    async def conversation(self, thread: UUID) -> UUID:
        """The latest conversation of a thread."""
        (id,) = await self.given.rows(
            "SELECT id FROM conversations WHERE thread_id = $1 ORDER BY opened_at DESC LIMIT 1",
            thread,
        )
        return UUID(str(id))

    async def serve(self, agent: str = "ana") -> UUID:
        """A whole conversation: the assistant, a handoff, an agent, the end."""
        thread = await self.given.thread(self.place)
        await self.writes(thread)
        await self.host.answer(thread, "Olá!")
        await self.writes(thread)
        await self.do(
            thread,
            cmd.AssignConversation(agent),
            cmd.ReplyToCustomer(agent, "Bom dia!"),
            cmd.SetConversationLabels(agent, ("fatura",)),
            cmd.ResolveConversation(agent),
        )
        return thread

    async def project(self) -> None:
        """All events are read; other transactions of the server may delay the end of the log."""

        async def read() -> bool:
            await self.projector.run_until_read()
            return await self.unread() == 0

        await wait_until(read)

    async def unread(self, tenant: UUID | None = None) -> int:
        """Events that a live projection has not read."""
        number: int = await self.given.admin.fetchval(
            "SELECT count(*) FROM events e CROSS JOIN unnest($1::text[]) AS n (name)"
            " LEFT JOIN analytics.projections j ON j.tenant_id = e.tenant_id AND j.name = n.name"
            " LEFT JOIN analytics.positions p ON p.tenant_id = e.tenant_id AND p.name = n.name"
            "  AND p.generation = j.generation"
            " WHERE e.tenant_id = $2 AND p.failed_version IS NULL"
            " AND (e.xid, e.conversation_id, e.version) > (coalesce(p.xid, '0'),"
            " coalesce(p.conversation_id, '00000000-0000-0000-0000-000000000000'),"
            " coalesce(p.version, 0))",
            [each.name for each in PROJECTIONS],
            tenant or self.place.tenant,
        )
        return number

    async def rows(self, table: str, generation: int = 1) -> list[dict[str, Any]]:
        """The rows of a generation, without its number, in a fixed order. Sums that have become
        zero say nothing.
        """
        rows = [
            dict(row)
            for row in await self.given.admin.fetch(
                f"SELECT * FROM analytics.{table} t WHERE tenant_id = $1 AND generation = $2",
                self.place.tenant,
                generation,
            )
        ]
        for row in rows:
            del row["generation"]
        if table in SUMS:
            rows = [
                row
                for row in rows
                if any(type(v) is int and v for name, v in row.items() if name != "bin")
            ]
        return sorted(rows, key=str)

    async def snapshot(self, generation: int = 1) -> dict[str, list[dict[str, Any]]]:
        """All rows of a generation."""
        return {table: await self.rows(table, generation) for table in TABLES}

    async def add_events(self, conversation: UUID, *bodies: Sequence[Any]) -> None:
        """Events that no command leads to, such as a newer release would write: (type, body)."""
        for type_, body in bodies:
            await self.given.admin.execute(
                "INSERT INTO events (tenant_id, conversation_id, version, thread_id, type, body,"
                " schema_version, at) SELECT tenant_id, conversation_id, max(version) + 1,"
                " (array_agg(thread_id))[1], $2, $3, 5, now() FROM events"
                " WHERE conversation_id = $1 GROUP BY 1, 2",
                conversation,
                type_,
                body,
            )


@pytest_asyncio.fixture
async def insights(
    database: Database, given: RowBuilder, ownership: ShardAssignments
) -> InsightsFixture:
    place = await given.place()
    host = Host("host-a:1", database)
    await ownership.assign_all(host)
    return InsightsFixture(database, given, host, place)
