"""What was said leaves once and in order, whatever the gateway answers or does not answer."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
import pytest_asyncio

from niochat.adapters.postgres.database import Database
from niochat.adapters.whatsapp.uazapi.client import Uazapi
from niochat.domain import commands as cmd
from niochat.domain.ids import shard_of
from niochat.inbox.accept import Inbox
from niochat.outbox.deliver import START_WITHIN_S, Courier
from tests.actors.provider import Provider, declared
from tests.builders import Given, Host, Ownership, message, put
from tests.sandbox.conftest import World

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(30)]


@dataclass
class Clock:
    """Stands still; what it is told to skip passes between two looks at it."""

    now: float = 0.0
    skips: list[float] = field(default_factory=list)

    def __call__(self) -> float:
        self.now += self.skips.pop(0) if self.skips else 0.0
        return self.now


class Office:
    """A host of one thread: what the courier finds out becomes steps, as in the product."""

    def __init__(self, host: Host, provider: Provider, given: Given, thread: UUID) -> None:
        self.host, self.provider, self.given, self.thread = host, provider, given, thread
        self.gateway, self.clock = Uazapi(lookup_timeout_s=2), Clock()
        self.settlements: list[cmd.SettleSend] = []
        self.courier = Courier(
            host.outbox,
            self.gateway,
            provider.directory.line,
            lambda key: host.epochs.get(shard_of(key)),
            lambda thread, settled: self.settlements.append(settled),
            clock=self.clock,
        )

    async def says(self, *texts: str) -> None:
        """The customer writes, and the assistant's answer is queued."""
        await put(self.host, self.provider.place, self.thread, [message("m1")])
        await self.host.run(self.thread)
        await self.host.answer(self.thread, *texts)

    async def look(self) -> list[cmd.SettleSend]:
        """One look at the thread's sends; what came of it is not yet a step."""
        self.courier.deliver(self.thread)
        while looking := self.courier.sending(set(range(1024))):
            await asyncio.wait(looking)
            await asyncio.sleep(0)
        return list(self.settlements)

    async def deliver(self) -> None:
        """Looks and steps until nothing is left to do now."""
        while await self.look():
            settled, self.settlements = self.settlements, []
            await self.host.step(self.thread, *settled)

    async def later(self) -> None:
        """All waiting is over: back-off, holds, the window of a send."""
        await self.given.admin.execute(
            "UPDATE outbox SET next_at = now(), send_until = now() - interval '1 s'"
            " WHERE status IN ('queued', 'sending', 'uncertain')"
        )
        await self.given.admin.execute("UPDATE channels SET held_until = now() - interval '1 s'")
        await self.deliver()

    async def row(self) -> Any:
        """The thread's newest send."""
        return await self.given.admin.fetchrow(
            "SELECT o.*, m.status AS message_status FROM outbox o"
            " JOIN messages m ON m.id = o.message_id ORDER BY o.position DESC LIMIT 1"
        )

    async def status(self) -> tuple[str, str | None]:
        row = await self.row()
        return row["status"], row["code"]

    async def phone(self) -> list[str]:
        """Texts on the customer's phone."""
        return [line["text"] for line in await self.provider.received()]


@pytest_asyncio.fixture
async def office(
    database: Database, provider: Provider, given: Given, ownership: Ownership
) -> AsyncIterator[Office]:
    host = Host("host-a:1", database)
    await ownership.give(host)
    here = Office(host, provider, given, await provider.thread())
    yield here
    await here.gateway.close()


async def test_a_send_arrives_once_and_its_id_is_recorded(office: Office) -> None:
    await office.says("bom dia")
    await office.deliver()

    (arrived,) = await office.provider.received()
    row = await office.row()
    assert (row["status"], row["message_status"], row["attempts"]) == ("sent", "sent", 1)
    assert (arrived["messageid"], arrived["track_id"]) == (row["external_id"], str(row["id"]))
    await office.later()
    assert await office.phone() == ["bom dia"]


@pytest.mark.parametrize("status", [400, 415])
async def test_what_the_gateway_refuses_has_failed_and_people_are_called(
    office: Office, status: int
) -> None:
    await office.says("bom dia")
    await office.provider.fault("gateway", "status", status=status)
    await office.deliver()
    await office.later()

    assert await office.status() == ("failed", f"gateway_{status}")
    assert await office.phone() == []
    assert await office.given.rows("SELECT status FROM conversations") == ["waiting"]


async def test_a_busy_gateway_gets_it_later(office: Office) -> None:
    await office.says("bom dia")
    await office.provider.fault("gateway", "status", status=429, retry_after=9)
    await office.deliver()

    row = await office.row()
    assert (row["status"], row["code"]) == ("queued", "gateway_429")
    assert 8 < (row["next_at"] - row["created_at"]).total_seconds() < 12
    assert await office.phone() == []
    await office.later()
    assert await office.phone() == ["bom dia"]
    assert (await office.row())["attempts"] == 2


async def test_a_gateway_that_cannot_be_reached_gets_it_later(office: Office) -> None:
    await office.says("bom dia")
    (base,) = await office.given.rows("SELECT base_url FROM channels")
    await office.given.admin.execute("UPDATE channels SET base_url = 'http://127.0.0.1:9/none'")
    await office.deliver()

    assert await office.status() == ("queued", "unreachable")
    await office.given.admin.execute("UPDATE channels SET base_url = $1", base)
    await office.later()
    assert await office.phone() == ["bom dia"]


@pytest.mark.parametrize("reason", ["unauthorized", "capped", "disconnected"])
async def test_a_channel_that_cannot_send_is_held_and_later_released(
    office: Office, reason: str
) -> None:
    await office.says("bom dia")
    world = office.provider.world
    path = f"/instances/{world.token}/connection"
    if reason == "disconnected":
        await world.control("POST", path, json={"status": "disconnected"})
    else:
        status = {"unauthorized": 401, "capped": 463}[reason]
        await office.provider.fault("gateway", "status", status=status, count=2)
    await office.deliver()

    assert await office.status() == ("queued", reason)
    (channel,) = await office.given.admin.fetch("SELECT * FROM channels")
    assert (channel["held_reason"], channel["holds"]) == (reason, 1)
    await office.given.admin.execute("UPDATE outbox SET next_at = now()")
    await office.deliver()
    assert (await office.row())["attempts"] == 1, "nothing starts to leave while it is held"
    await office.later()
    (channel,) = await office.given.admin.fetch("SELECT *, now() FROM channels")
    assert channel["holds"] == 2
    assert (channel["held_until"] - channel["now"]).total_seconds() > 25, "longer each time"
    if reason == "disconnected":
        await world.control("POST", path, json={"status": "connected"})
    await Inbox(office.host.database).connection_changed(channel["id"], "connected", "")
    await office.given.admin.execute("UPDATE outbox SET next_at = now()")
    await office.deliver()
    assert await office.phone() == ["bom dia"]
    assert await office.given.rows("SELECT held_until FROM channels") == [None]


async def test_a_send_that_succeeds_forgets_the_holds_before(office: Office) -> None:
    await office.says("bom dia")
    await office.provider.fault("gateway", "status", status=401)
    await office.deliver()
    await office.later()

    assert await office.phone() == ["bom dia"]
    (channel,) = await office.given.admin.fetch("SELECT * FROM channels")
    assert (channel["holds"], channel["held_until"], channel["held_reason"]) == (0, None, None)


@pytest.mark.parametrize("kind", ["lost_answer", "malformed"])
async def test_a_send_whose_answer_was_lost_is_found_and_not_repeated(
    office: Office, kind: str
) -> None:
    await office.says("bom dia")
    await office.provider.fault("gateway", kind, path="/send")
    await office.deliver()

    assert (await office.row())["status"] == "uncertain"
    assert (await office.row())["message_status"] == "uncertain"
    await office.later()
    (arrived,) = await office.provider.received()
    row = await office.row()
    assert (row["status"], row["code"], row["attempts"]) == ("sent", "found", 1)
    assert row["external_id"] == arrived["messageid"]
    assert row["message_status"] == "sent"


@pytest.mark.parametrize("kind", ["drop", "status"])
async def test_a_send_that_was_never_done_is_looked_for_twice_and_sent_once_more(
    office: Office, kind: str
) -> None:
    await office.says("bom dia")
    await office.provider.fault("gateway", kind, path="/send", status=500)
    await office.deliver()
    before = await office.row()
    assert before["status"] == "uncertain"

    await office.later()
    assert ((await office.row())["status"], (await office.row())["lookups"]) == ("uncertain", 1)
    assert await office.phone() == [], "one look is not enough"
    await office.later()
    await office.later()

    (arrived,) = await office.provider.received()
    row = await office.row()
    assert (row["status"], row["resends"], row["attempts"]) == ("sent", 1, 2)
    assert arrived["track_id"] == str(before["id"])


async def test_what_never_arrives_is_given_up_after_one_more_try(office: Office) -> None:
    await office.says("bom dia")
    await office.provider.fault("gateway", "drop", path="/send", count=None)
    await office.deliver()
    for _ in range(6):
        await office.later()

    assert await office.status() == ("failed", "never_arrived")
    assert (await office.row())["attempts"] == 2
    assert await office.given.rows("SELECT status FROM conversations") == ["waiting"]


async def test_what_cannot_be_looked_up_stays_uncertain(office: Office) -> None:
    await office.says("bom dia")
    await office.provider.fault("gateway", "drop", path="/send")
    await office.provider.fault("gateway", "status", path="/message/find", status=500, count=None)
    await office.deliver()
    for _ in range(4):
        await office.later()

    row = await office.row()
    assert (row["status"], row["lookups"], row["attempts"]) == ("uncertain", 0, 1)


async def test_messages_leave_in_the_order_they_were_said(office: Office) -> None:
    texts = [f"texto {n}" for n in range(6)]
    await office.says(*texts)
    await office.deliver()

    assert await office.phone() == texts


async def test_nothing_overtakes_a_message_that_waits_or_is_uncertain(office: Office) -> None:
    await office.says("um", "dois", "três")
    await office.provider.fault("gateway", "status", status=429, retry_after=30)
    await office.provider.fault("gateway", "lost_answer", path="/send")
    await office.deliver()
    assert await office.phone() == []
    await office.later()
    assert await office.phone() == ["um"], "it is uncertain: the others wait for a minute"

    await office.later()
    assert await office.phone() == ["um", "dois", "três"]


async def test_a_message_that_stays_uncertain_holds_the_others_for_a_minute_only(
    office: Office,
) -> None:
    await office.says("um", "dois")
    await office.provider.fault("gateway", "drop", path="/send")
    await office.provider.fault("gateway", "status", path="/message/find", status=500, count=None)
    await office.deliver()
    await office.later()
    assert await office.phone() == []
    await office.given.admin.execute("UPDATE outbox SET uncertain_since = now() - interval '61 s'")
    await office.later()

    assert await office.phone() == ["dois"]


async def test_a_process_that_was_paused_between_claim_and_send_does_not_send(
    office: Office,
) -> None:
    await office.says("bom dia")
    office.clock.skips = [0.0, START_WITHIN_S + 0.1]
    await office.deliver()

    assert await office.status() == ("queued", "paused")
    assert await office.phone() == []
    await office.later()
    assert await office.phone() == ["bom dia"]


@pytest.mark.parametrize("was_sent", [True, False])
async def test_what_a_dead_owner_was_sending_becomes_uncertain_and_arrives_once(
    office: Office, ownership: Ownership, was_sent: bool
) -> None:
    await office.says("bom dia")
    claimed = await office.host.claim(office.thread)
    assert claimed is not None
    if was_sent:
        line = office.provider.directory.line(
            *(await office.given.admin.fetchrow(
                "SELECT base_url, token_sealed, tenant_id FROM channels"
            ))
        )  # fmt: skip
        await office.gateway.send_text(line, "5581988887777", claimed.text, str(claimed.id), 5)
    heir = Host("host-b:1", office.host.database)
    await ownership.give(heir)
    office.host.epochs.clear()
    new = Office(heir, office.provider, office.given, office.thread)
    await new.deliver()

    assert await new.status() == ("uncertain", "owner_gone")
    for _ in range(3):
        await new.later()
    assert await new.phone() == ["bom dia"]
    assert (await new.row())["status"] == "sent"
    await new.gateway.close()


async def test_a_send_of_its_own_that_is_under_way_is_left_alone(office: Office) -> None:
    await office.says("bom dia")
    assert await office.host.claim(office.thread) is not None

    assert await office.look() == []


async def test_a_takeover_before_the_claim_keeps_the_assistant_silent(office: Office) -> None:
    await office.says("bom dia")
    await put(office.host, office.provider.place, office.thread, [cmd.AssignConversation("ana")])
    await office.host.run(office.thread)
    await office.deliver()

    assert (await office.row())["status"] == "cancelled"
    assert await office.phone() == []


async def test_a_person_without_an_address_has_failed(office: Office) -> None:
    await office.says("bom dia")
    await office.given.admin.execute("DELETE FROM identities")
    await office.deliver()

    assert await office.status() == ("failed", "no_address")


async def test_a_token_that_cannot_be_opened_leaves_nothing_uncertain(office: Office) -> None:
    """Nothing was written to a socket: the row goes back, and leaves when the token is healed."""
    await office.says("bom dia")
    (token,) = await office.given.rows("SELECT token_sealed FROM channels")
    await office.given.admin.execute("UPDATE channels SET token_sealed = '\\x00'")
    await office.deliver()

    assert (await office.row())["status"] == "queued"
    await office.given.admin.execute("UPDATE channels SET token_sealed = $1", token)
    await office.later()
    assert await office.phone() == ["bom dia"]


async def test_what_waited_longer_than_a_day_is_given_up(office: Office) -> None:
    await office.says("bom dia")
    await office.given.admin.execute("UPDATE outbox SET created_at = now() - interval '25 hours'")
    await office.given.admin.execute("UPDATE channels SET held_until = now() + interval '1 hour'")
    await office.deliver()

    assert await office.status() == ("failed", "given_up")


async def test_many_looks_at_once_send_once(office: Office) -> None:
    await office.says("um", "dois")
    for _ in range(5):
        office.courier.deliver(office.thread)
    await office.deliver()

    assert await office.phone() == ["um", "dois"]


async def test_a_thread_of_another_host_is_not_looked_at(office: Office) -> None:
    await office.says("bom dia")
    office.host.epochs.clear()

    assert await office.look() == []
    assert (await office.row())["status"] == "queued"


async def test_without_the_database_nothing_is_sent_and_the_next_look_does(
    office: Office, database_url: str
) -> None:
    await office.says("bom dia")
    away = Office(
        Host("host-a:1", await Database.open("postgresql://127.0.0.1:9/none")),
        office.provider, office.given, office.thread,
    )  # fmt: skip
    away.host.epochs = office.host.epochs
    assert await away.look() == []
    assert await office.phone() == []

    await office.deliver()

    assert await office.phone() == ["bom dia"]
    await away.gateway.close()


async def test_two_channels_are_held_apart(
    office: Office, world: World, database: Database, tmp_path: Path
) -> None:
    another = replace(world, token=uuid4().hex)
    await another.control("PUT", f"/instances/{another.token}", json={})
    other = await declared(database, another, tmp_path, slug="other")
    second = Office(office.host, other, office.given, await other.thread("5581977776666"))
    await office.says("um")
    await office.provider.fault("gateway", "status", status=401)
    await office.deliver()
    await second.says("dois")
    await second.deliver()

    assert [line["text"] for line in await other.received("5581977776666")] == ["dois"]
    assert await office.phone() == []
    await second.gateway.close()
