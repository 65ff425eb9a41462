"""A provider with follow-ups, its watcher, and a clock that the test moves."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest_asyncio

from niochat.adapters.postgres.database import Database
from niochat.conversations.step.step_types import StepVerdict
from niochat.domain.conversation import commands as cmd
from niochat.insights.follow_ups.follow_up_watcher import FollowUpWatcher
from tests.builders import (
    ChannelRef,
    Host,
    RowBuilder,
    ShardAssignments,
    build_message,
    insert_commands,
)
from tests.wait_until import wait_until

ZONE = ZoneInfo("America/Recife")
MONDAY = datetime(2026, 11, 9, 10, tzinfo=ZONE)
"""A working day at ten; Sunday 15 November is a holiday."""
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
RULE = {
    "enabled": True,
    "delays_s": [86_400, 172_800, 259_200],
    "sends_from": "09:00",
    "sends_until": "18:00",
    "texts": [["Olá, {nome}! Ainda quer {plano}?"], ["Segunda {plano}"], ["Última {empresa}"]],
}
POLICY = {
    "ratings": {"after_s": 0},
    "reminder_after_s": 0,
    "holidays": "BR",
    "hours": [{"days": [0, 1, 2, 3, 4], "opens": "08:00", "closes": "18:00"}],
}
_CLOCK = """
CREATE SCHEMA test_clock;
CREATE TABLE test_clock.moment (id int PRIMARY KEY, shift interval NOT NULL);
INSERT INTO test_clock.moment VALUES (1, '0');
CREATE FUNCTION test_clock.now() RETURNS timestamptz LANGUAGE sql STABLE AS
  'SELECT pg_catalog.now() + shift FROM test_clock.moment WHERE id = 1';
GRANT USAGE ON SCHEMA test_clock TO PUBLIC;
GRANT SELECT ON test_clock.moment TO PUBLIC;
DO $$
DECLARE
    found record;
BEGIN
    EXECUTE format('ALTER DATABASE %I SET search_path = test_clock, pg_catalog, public',
                   current_database());
    FOR found IN
        SELECT d.adrelid::regclass AS of, a.attname AS name
          FROM pg_attrdef d
          JOIN pg_attribute a ON a.attrelid = d.adrelid AND a.attnum = d.adnum
         WHERE pg_get_expr(d.adbin, d.adrelid) = 'now()'
    LOOP
        EXECUTE format('ALTER TABLE %s ALTER COLUMN %I SET DEFAULT test_clock.now()',
                       found.of, found.name);
    END LOOP;
END $$;
"""


@dataclass
class FollowUpFixture:
    """The product's side of one provider. Every ``now()`` of the database is the test's."""

    given: RowBuilder
    host: Host
    place: ChannelRef
    watcher: FollowUpWatcher
    _numbers: Any = field(default_factory=lambda: count(1))

    @property
    def tenant(self) -> UUID:
        return self.place.tenant

    async def now(self) -> datetime:
        moment: datetime = await self.given.admin.fetchval("SELECT test_clock.now()")
        return moment.astimezone(ZONE)

    async def set_time(self, moment: datetime) -> None:
        await self.given.admin.execute(
            "UPDATE test_clock.moment SET shift = $1 - pg_catalog.now()", moment
        )

    async def pass_time(self, span: timedelta) -> None:
        await self.set_time(await self.now() + span)

    async def set_rule(self, **values: object) -> None:
        await self.given.admin.execute(
            "UPDATE tenants SET policy = policy || jsonb_build_object('follow_ups',"
            " policy -> 'follow_ups' || $2::jsonb) WHERE tenant_id = $1",
            self.tenant,
            values,
        )

    async def do(self, thread: UUID, *commands: cmd.DurableCommand) -> None:
        await insert_commands(self.host, self.place, thread, commands)
        await self.host.run(thread)

    async def write(self, thread: UUID, text: str = "oi") -> None:
        """The customer writes."""
        await self.do(thread, build_message(f"m{next(self._numbers)}", text))

    async def answer(self, thread: UUID, *tools: dict[str, Any]) -> None:
        """The assistant answers, after it has called these tools."""
        turn = self.host.turn(thread)
        await self.given.admin.execute(
            "UPDATE turns SET tool_results = $2 WHERE id = $1", turn.id, list(tools)
        )
        await self.host.answer(thread, "Temos sim!")
        await self.leave(thread)

    async def interested(self, thread: UUID | None = None, *, name: str = "Maria Silva") -> UUID:
        """A customer asked for the plans, got them, and says nothing more."""
        if thread is None:
            thread = await self.given.thread(self.place)
            await self.given.admin.execute(
                "UPDATE contacts SET name = $2"
                " WHERE id = (SELECT contact_id FROM threads WHERE id = $1)",
                thread,
                name,
            )
        await self.write(thread, "quais planos vocês têm?")
        await self.answer(thread, listed_plans())
        return thread

    async def leave(self, thread: UUID) -> list[str]:
        """Sends what may be sent; returns the texts."""
        texts = []
        while (claimed := await self.host.claim(thread)) is not None:
            texts.append(claimed.text)
            await self.host.settle(claimed, cmd.SendStatus.SENT, f"out-{claimed.id}")
        return texts

    async def read(self) -> None:
        """The watcher reads the whole log; other transactions may delay its end."""

        async def is_read() -> bool:
            await self.watcher.run_once()
            return await self.unread() == 0

        await wait_until(is_read)

    async def unread(self) -> int:
        return await self.given.count(
            "events e LEFT JOIN analytics.positions p"
            " ON p.tenant_id = e.tenant_id AND p.name = 'follow_ups'",
            "e.tenant_id = $1 AND e.type IN ('turn_finished', 'message_received',"
            " 'conversation_handed_off', 'rating_low', 'contact_opted_out')"
            " AND (e.xid, e.conversation_id, e.version) >"
            " (coalesce(p.xid, '0'), coalesce(p.conversation_id,"
            " '00000000-0000-0000-0000-000000000000'), coalesce(p.version, 0))",
            self.tenant,
        )

    async def watch(self, *threads: UUID) -> list[str]:
        """The watcher reads and orders, and these threads step; returns what they sent."""
        await self.read()
        await self.watcher.run_once()
        sent = []
        for thread in threads:
            for result in await self.host.run(thread):
                assert result.verdict is StepVerdict.DONE
            sent += await self.leave(thread)
        return sent

    async def delay_orders(self) -> None:
        """What is stored next comes before the pending rows."""
        await self.given.admin.execute(
            "UPDATE inbox SET id = id + 1000000 WHERE processed_at IS NULL"
        )

    async def follow_ups(self) -> list[tuple[str, str, int]]:
        rows = await self.given.admin.fetch(
            "SELECT status, reason, attempts FROM follow_ups ORDER BY interested_at"
        )
        return [tuple(row) for row in rows]

    async def attempts(self) -> list[tuple[int, str, str, int]]:
        rows = await self.given.admin.fetch(
            "SELECT number, status, reason, round FROM follow_up_attempts"
            " ORDER BY conversation_id, number"
        )
        return [tuple(row) for row in rows]


def listed_plans() -> dict[str, Any]:
    plans = [{"opcao": 1, "nome": "Fibra 500", "preco": "R$ 99,90"}]
    return tool("listar_planos", {}, planos=plans)


def registered_interest() -> dict[str, Any]:
    return tool("registrar_interesse", {"plano": 1})


def tool(name: str, arguments: dict[str, Any] | None = None, **result: Any) -> dict[str, Any]:
    """A finished call, as the assistant stores it."""
    return {"tool": name, "arguments": arguments or {}, "result": {"ok": True, **result}}


@pytest_asyncio.fixture
async def clocked(admin: Any) -> None:
    await admin.execute(_CLOCK)
    await admin.execute("SET search_path = test_clock, pg_catalog, public")


@pytest_asyncio.fixture
async def clocked_database(clocked: None, serving_url: str) -> AsyncIterator[Database]:
    opened = await Database.open(serving_url, size=4)
    yield opened
    opened.terminate()


@pytest_asyncio.fixture
async def follow_ups(
    clocked_database: Database, given: RowBuilder, ownership: ShardAssignments
) -> FollowUpFixture:
    place = await given.place(follow_ups=RULE, **POLICY)
    await given.admin.execute("UPDATE tenants SET timezone = $1", ZONE.key)
    host = Host("host-a:1", clocked_database)
    await ownership.assign_all(host)
    watcher = FollowUpWatcher(clocked_database, timedelta(0))
    fixture = FollowUpFixture(given, host, place, watcher)
    await fixture.set_time(MONDAY.astimezone(UTC))
    await watcher.run_once()
    return fixture
