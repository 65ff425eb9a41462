"""Ten days of a provider with many customers: whatever they do, and whatever breaks, nobody is
written to twice for an attempt, at night, on a closed day, after an opt-out or a complaint, while a
person holds the conversation, or over the limits.
"""

import random
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID

import pytest

from niochat.domain.conversation import commands as cmd
from niochat.domain.ids import OutboxId
from tests.builders import ChannelRef, build_message, insert_commands
from tests.insights.follow_ups.conftest import (
    MONDAY,
    ZONE,
    FollowUpFixture,
    listed_plans,
    registered_interest,
)

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(240)]

CUSTOMERS = 30
TICK = timedelta(hours=3, minutes=7)
DAYS = 10
CLOSED = date(2026, 11, 11)
PER_DAY, CHANNEL_PER_DAY = 9, 6
RULE = {
    "delays_s": [20_000, 20_000, 20_000],
    "per_day": PER_DAY,
    "channel_per_day": CHANNEL_PER_DAY,
    "again_days": 2,
    "window_days": 2,
}


@dataclass
class SentFollowUp:
    conversation: UUID
    number: int
    contact: UUID
    channel: UUID
    at: datetime


@dataclass
class SimulatedWeek:
    """The customers' and agents' side, and what was seen at the moment of each send."""

    fixture: FollowUpFixture
    dice: random.Random
    places: dict[UUID, ChannelRef] = field(default_factory=dict)
    sent: list[SentFollowUp] = field(default_factory=list)
    done: Counter[str] = field(default_factory=Counter)

    async def begin(self) -> None:
        given, tenant = self.fixture.given, self.fixture.tenant
        second = ChannelRef(tenant, await given.channel(tenant))
        for number in range(CUSTOMERS):
            place = second if number % 3 == 0 else self.fixture.place
            self.places[await given.thread(place)] = place
        await self.fixture.set_rule(**RULE)
        await given.admin.execute(
            "UPDATE tenants SET policy = policy || jsonb_build_object('closed_days', $1::jsonb)",
            [CLOSED.isoformat()],
        )

    async def play(self) -> None:
        now = MONDAY - timedelta(hours=9)
        while now < MONDAY + timedelta(days=DAYS):
            await self.fixture.set_time(now.astimezone(UTC))
            for thread in self.places:
                await self.act(thread)
            hosts_work, watcher_works, gateway_works = (self.dice.random() < 0.8 for _ in range(3))
            if watcher_works:
                await self.fixture.read()
                await self.fixture.watcher.run_once()
            if hosts_work:
                await self.step_pending()
            if hosts_work and gateway_works:
                for thread in self.places:
                    await self.send(thread)
            now += TICK

    async def do(self, thread: UUID, *commands: cmd.DurableCommand) -> None:
        await insert_commands(self.fixture.host, self.places[thread], thread, commands)
        await self.fixture.host.run(thread)

    async def act(self, thread: UUID) -> None:
        """Now and then a customer or an agent does something."""
        chance = self.dice.random()
        status = await self.status(thread)
        if chance < 0.05:
            await self.ask(thread, [listed_plans()])
        elif chance < 0.07:
            await self.ask(thread, [listed_plans(), registered_interest()])
        elif chance < 0.08:
            await self.write(thread, self.dice.choice(["PARAR", "não quero mais receber"]))
        elif chance < 0.085:
            await self.complain(thread)
        elif chance < 0.10 and status in ("pending", "waiting"):
            await self.do(thread, cmd.AssignConversation("ana"))
        elif chance < 0.30 and status is not None:
            await self.do(thread, cmd.ResolveConversation("ana"))

    async def write(self, thread: UUID, text: str) -> None:
        number = sum(self.done.values())
        self.done[text] += 1
        await self.do(thread, build_message(f"w{number}", text))

    async def ask(self, thread: UUID, tools: list[dict[str, object]]) -> None:
        await self.write(thread, "quais planos?")
        memory = self.fixture.host.memory[thread].conversation
        if memory is not None and memory.turn is not None:
            await self.fixture.given.admin.execute(
                "UPDATE turns SET tool_results = $2 WHERE id = $1", memory.turn.id, tools
            )
            await self.fixture.host.answer(thread, "Temos.")

    async def complain(self, thread: UUID) -> None:
        await self.write(thread, "vou ao procon")
        memory = self.fixture.host.memory[thread].conversation
        if memory is None or memory.turn is None:
            return
        self.done["complaint"] += 1
        handoff = cmd.HandoffRequest("atendimento", "complaint_body")
        await self.fixture.host.step(
            thread,
            cmd.FinishAssistantTurn(
                memory.turn.id, memory.turn.attempt, cmd.TurnOutcome.ANSWERED, handoff=handoff
            ),
        )

    async def status(self, thread: UUID) -> str | None:
        rows = await self.fixture.given.rows(
            "SELECT status FROM conversations WHERE thread_id = $1 AND status <> 'resolved'", thread
        )
        return rows[0] if rows else None

    async def step_pending(self) -> None:
        rows = await self.fixture.given.rows(
            "SELECT DISTINCT thread_id FROM inbox WHERE processed_at IS NULL"
        )
        for thread in rows:
            await self.fixture.host.run(thread)

    async def send(self, thread: UUID) -> None:
        """Sends what may be sent, as the dispatcher does, and looks at each follow-up."""
        host = self.fixture.host
        while (claimed := await host.claim(thread)) is not None:
            await self.look_at(claimed.id)
            await host.settle(claimed, cmd.SendStatus.SENT, f"out-{claimed.id}")
        for row in await host.outbox.list_unsettled(thread):
            if row.unwanted:
                self.done["unwanted"] += 1
                failed = cmd.SettleSend(OutboxId(row.id), cmd.SendStatus.FAILED, code="unwanted")
                await host.step(thread, failed)

    async def look_at(self, outbox: UUID) -> None:
        row: Any = await self.fixture.given.admin.fetchrow(
            "SELECT m.details ->> 'follow_up' AS number, o.conversation_id, t.contact_id,"
            " o.channel_id, test_clock.now() AS now, k.opted_out_at, c.status, p.complained_at"
            " FROM outbox o JOIN messages m ON m.id = o.message_id"
            " JOIN threads t ON t.id = o.thread_id JOIN contacts k ON k.id = t.contact_id"
            " JOIN conversations c ON c.id = o.conversation_id"
            " LEFT JOIN complaints p ON p.contact_id = k.id WHERE o.id = $1",
            outbox,
        )
        if row["number"] is None:
            return
        assert row["opted_out_at"] is None, "written to after an opt-out"
        assert row["complained_at"] is None, "written to after a complaint"
        assert row["status"] in ("pending", "resolved"), "written to while a person holds it"
        self.sent.append(
            SentFollowUp(
                row["conversation_id"],
                int(row["number"]),
                row["contact_id"],
                row["channel_id"],
                row["now"].astimezone(ZONE),
            )
        )


@pytest.mark.parametrize("seed", [1, pytest.param(2, marks=pytest.mark.long)])
async def test_a_week_of_follow_ups_troubles_nobody(follow_ups: FollowUpFixture, seed: int) -> None:
    week = SimulatedWeek(follow_ups, random.Random(seed))
    await week.begin()
    await week.play()

    attempts = Counter((each.conversation, each.number) for each in week.sent)
    assert set(attempts.values()) == {1}, "written to twice for one attempt"
    assert max(Counter(each.conversation for each in week.sent).values()) <= 3
    for each in week.sent:
        assert time(9) <= each.at.time() < time(18), f"written to at night: {each.at}"
        assert each.at.weekday() != 6, "written to on a Sunday"
        assert each.at.date() != CLOSED, "written to on a closed day"
    days = Counter(each.at.date() for each in week.sent)
    channels = Counter((each.at.date(), each.channel) for each in week.sent)
    assert max(days.values()) <= PER_DAY, "over the limit of a day"
    assert max(channels.values()) <= CHANNEL_PER_DAY, "over the limit of a channel"
    statuses = {status for status, _, _ in await follow_ups.follow_ups()}
    assert statuses >= {"recovered", "stopped"}, "the week was too quiet to show anything"
    assert len(week.sent) > 20, "the week was too quiet to show anything"
    assert {each.number for each in week.sent} == {1, 2, 3}
    assert week.done["complaint"], "the week was too quiet to show anything"
    assert await follow_ups.given.count("contacts", "opted_out_at IS NOT NULL") > 0
    left = await follow_ups.given.count(
        "messages", "details ? 'follow_up' AND status IN ('sent', 'delivered')"
    )
    assert left == len(week.sent)
