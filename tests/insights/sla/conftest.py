"""A provider with SLA policies, and the watcher of their clocks."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest_asyncio

from niochat.domain.conversation import commands as cmd
from niochat.domain.sla.sla_policy import SlaPolicy
from niochat.insights.sla.sla_policy_store import (
    SlaPolicyContent,
    SlaPolicyEditor,
    SlaPolicyStore,
)
from niochat.insights.sla.sla_watcher import SlaWatcher
from niochat.ports.audit import AuditActor, AuditActorKind
from tests.insights.conftest import InsightsFixture, insights
from tests.wait_until import wait_until

__all__ = ["insights"]
FIVE_MINUTES = 300


@dataclass
class SlaFixture:
    """Time passes by making what has happened older."""

    insights: InsightsFixture
    announced: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.tenant = self.insights.place.tenant
        self.store = SlaPolicyStore(self.insights.database)
        self.editor = SlaPolicyEditor(self.tenant, AuditActor(AuditActorKind.USER, "ana"))
        self.watcher = self.create_watcher()

    def create_watcher(self) -> SlaWatcher:
        async def announce(tenant_id: UUID, row: dict[str, Any]) -> None:
            self.announced.append(row)

        return SlaWatcher(self.insights.database, announce, timedelta(0))

    async def policy(self, name: str = "Ouro", position: int = 0, **values: Any) -> dict[str, Any]:
        """A policy that has been there for a long time."""
        values = {"first_answer_s": FIVE_MINUTES, "business_hours": False} | values
        content = SlaPolicyContent(SlaPolicy(name, **values), position)
        row = await self.store.create(self.editor, content)
        await self.insights.given.admin.execute("UPDATE sla_tenants SET since = '2020-01-01'")
        return row

    async def waits(self) -> UUID:
        """A customer waits for people; returns the thread."""
        thread = await self.insights.given.thread(self.insights.place)
        await self.insights.writes(thread)
        await self.insights.do(thread, cmd.HandOffConversation("operator"))
        return thread

    async def pass_minutes(self, minutes: int) -> None:
        """Everything that was not read yet happened so many minutes earlier."""
        await self.insights.given.admin.execute(
            "UPDATE events SET at = at - make_interval(mins => $1) WHERE xid >= coalesce("
            " (SELECT xid FROM analytics.positions WHERE name = 'sla'), '0')",
            minutes,
        )

    async def watch(self) -> int:
        """The watcher reads the whole log and reports; returns how many commands it stored."""
        stored = 0

        async def read() -> bool:
            nonlocal stored
            stored += await self.watcher.run_once()
            return await self.unread() == 0

        await wait_until(read)
        return stored + await self.watcher.run_once()

    async def unread(self) -> int:
        """Events that the clocks do not have."""
        number: int = await self.insights.given.admin.fetchval(
            "SELECT count(*) FROM events e JOIN analytics.positions p"
            " ON p.tenant_id = e.tenant_id AND p.name = 'sla'"
            " WHERE (e.xid, e.conversation_id, e.version)"
            " > (p.xid, p.conversation_id, p.version)"
        )
        return number

    async def clocks(self, target: str = "first_answer") -> list[dict[str, Any]]:
        rows = await self.insights.given.admin.fetch(
            "SELECT * FROM sla_clocks WHERE target = $1 ORDER BY conversation_id, number", target
        )
        return [dict(row) for row in rows]

    async def commands(self) -> list[str]:
        """The keys of the commands for the log, without the conversation."""
        return list(
            await self.insights.given.rows(
                "SELECT split_part(dedupe_key, ':', 3) || ':' || split_part(dedupe_key, ':', 5)"
                " FROM inbox WHERE command ->> 'type' = 'record_sla' ORDER BY id"
            )
        )

    async def logged(self, thread: UUID) -> list[str]:
        """The events that a thread's actor has written about promises."""
        await self.insights.host.run(thread)
        return list(
            await self.insights.given.rows(
                "SELECT type FROM events WHERE thread_id = $1 AND type LIKE 'sla%'"
                " ORDER BY version",
                thread,
            )
        )


@pytest_asyncio.fixture
async def sla(insights: InsightsFixture) -> SlaFixture:
    return SlaFixture(insights)
