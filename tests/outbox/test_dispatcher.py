"""What was said leaves once and in order, whatever the gateway answers or does not answer."""

from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest

from niochat.adapters.postgres.database import Database
from niochat.domain.conversation import commands as cmd
from niochat.inbox.inbox_store import InboxStore
from niochat.outbox.dispatcher import MAX_START_DELAY_S
from niochat.ports.gateway import OutboundMessage
from tests.actors.sandbox_provider import create_sandbox_provider
from tests.builders import Host, ShardAssignments, insert_commands
from tests.niochat_sandbox.conftest import SandboxFixture
from tests.outbox.outbox_harness import OutboxHarness

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(30)]


async def test_a_send_arrives_once_and_its_id_is_recorded(harness: OutboxHarness) -> None:
    await harness.queue_reply("bom dia")
    await harness.deliver_all()

    (arrived,) = await harness.provider.received()
    row = await harness.load_send()
    assert (row["status"], row["message_status"], row["attempts"]) == ("sent", "sent", 1)
    assert (arrived["messageid"], arrived["track_id"]) == (row["external_id"], str(row["id"]))
    await harness.expire_waits()
    assert await harness.list_phone_texts() == ["bom dia"]


@pytest.mark.parametrize("status", [400, 415])
async def test_a_refused_message_fails_and_the_conversation_is_escalated(
    harness: OutboxHarness, status: int
) -> None:
    await harness.queue_reply("bom dia")
    await harness.provider.inject_fault("gateway", "status", status=status)
    await harness.deliver_all()
    await harness.expire_waits()

    assert await harness.load_status() == ("failed", f"gateway_{status}")
    assert await harness.list_phone_texts() == []
    assert await harness.given.rows("SELECT status FROM conversations") == ["waiting"]


async def test_a_busy_gateway_gets_it_later(harness: OutboxHarness) -> None:
    await harness.queue_reply("bom dia")
    await harness.provider.inject_fault("gateway", "status", status=429, retry_after=9)
    await harness.deliver_all()

    row = await harness.load_send()
    assert (row["status"], row["code"]) == ("queued", "gateway_429")
    assert 8 < (row["next_at"] - row["created_at"]).total_seconds() < 12
    assert await harness.list_phone_texts() == []
    await harness.expire_waits()
    assert await harness.list_phone_texts() == ["bom dia"]
    assert (await harness.load_send())["attempts"] == 2


async def test_a_gateway_that_cannot_be_reached_gets_it_later(harness: OutboxHarness) -> None:
    await harness.queue_reply("bom dia")
    (base,) = await harness.given.rows("SELECT base_url FROM channels")
    await harness.given.admin.execute("UPDATE channels SET base_url = 'http://127.0.0.1:9/none'")
    await harness.deliver_all()

    assert await harness.load_status() == ("queued", "unreachable")
    await harness.given.admin.execute("UPDATE channels SET base_url = $1", base)
    await harness.expire_waits()
    assert await harness.list_phone_texts() == ["bom dia"]


@pytest.mark.parametrize("reason", ["unauthorized", "capped", "disconnected"])
async def test_a_channel_that_cannot_send_is_held_and_later_released(
    harness: OutboxHarness, reason: str
) -> None:
    await harness.queue_reply("bom dia")
    world = harness.provider.sandbox
    path = f"/instances/{world.token}/connection"
    if reason == "disconnected":
        await world.control("POST", path, json={"status": "disconnected"})
    else:
        status = {"unauthorized": 401, "capped": 463}[reason]
        await harness.provider.inject_fault("gateway", "status", status=status, count=2)
    await harness.deliver_all()

    assert await harness.load_status() == ("queued", reason)
    (channel,) = await harness.given.admin.fetch("SELECT * FROM channels")
    assert (channel["held_reason"], channel["holds"]) == (reason, 1)
    await harness.given.admin.execute("UPDATE outbox SET next_at = now()")
    await harness.deliver_all()
    assert (await harness.load_send())["attempts"] == 1, "nothing starts to leave while it is held"
    await harness.expire_waits()
    (channel,) = await harness.given.admin.fetch("SELECT *, now() FROM channels")
    assert channel["holds"] == 2
    assert (channel["held_until"] - channel["now"]).total_seconds() > 25, "longer each time"
    if reason == "disconnected":
        await world.control("POST", path, json={"status": "connected"})
    await InboxStore(harness.host.database).record_connection_status(channel["id"], "connected", "")
    await harness.given.admin.execute("UPDATE outbox SET next_at = now()")
    await harness.deliver_all()
    assert await harness.list_phone_texts() == ["bom dia"]
    assert await harness.given.rows("SELECT held_until FROM channels") == [None]


async def test_a_send_that_succeeds_forgets_the_holds_before(harness: OutboxHarness) -> None:
    await harness.queue_reply("bom dia")
    await harness.provider.inject_fault("gateway", "status", status=401)
    await harness.deliver_all()
    await harness.expire_waits()

    assert await harness.list_phone_texts() == ["bom dia"]
    (channel,) = await harness.given.admin.fetch("SELECT * FROM channels")
    assert (channel["holds"], channel["held_until"], channel["held_reason"]) == (0, None, None)


async def test_messages_leave_in_the_order_they_were_said(harness: OutboxHarness) -> None:
    texts = [f"texto {n}" for n in range(6)]
    await harness.queue_reply(*texts)
    await harness.deliver_all()

    assert await harness.list_phone_texts() == texts


async def test_nothing_overtakes_a_message_that_waits_or_is_uncertain(
    harness: OutboxHarness,
) -> None:
    await harness.queue_reply("um", "dois", "três")
    await harness.provider.inject_fault("gateway", "status", status=429, retry_after=30)
    await harness.provider.inject_fault("gateway", "lost_answer", path="/send")
    await harness.deliver_all()
    assert await harness.list_phone_texts() == []
    await harness.expire_waits()
    assert await harness.list_phone_texts() == ["um"], (
        "it is uncertain: the others wait for a minute"
    )

    await harness.expire_waits()
    assert await harness.list_phone_texts() == ["um", "dois", "três"]


async def test_a_message_that_stays_uncertain_holds_the_others_for_three_minutes_only(
    harness: OutboxHarness,
) -> None:
    await harness.queue_reply("um", "dois")
    await harness.provider.inject_fault("gateway", "drop", path="/send")
    await harness.provider.inject_fault(
        "gateway", "status", path="/message/find", status=500, count=None
    )
    await harness.deliver_all()
    await harness.expire_waits()
    assert await harness.list_phone_texts() == []
    await harness.given.admin.execute(
        "UPDATE outbox SET uncertain_since = now() - interval '181 s'"
    )
    await harness.expire_waits()

    assert await harness.list_phone_texts() == ["dois"]


async def test_a_process_that_was_paused_between_claim_and_send_does_not_send(
    harness: OutboxHarness,
) -> None:
    await harness.queue_reply("bom dia")
    harness.clock.skip = [0.0, MAX_START_DELAY_S + 0.1]
    await harness.deliver_all()

    assert await harness.load_status() == ("queued", "paused")
    assert await harness.list_phone_texts() == []
    await harness.expire_waits()
    assert await harness.list_phone_texts() == ["bom dia"]


@pytest.mark.parametrize("was_sent", [True, False])
async def test_a_send_of_a_dead_owner_becomes_uncertain_and_arrives_once(
    harness: OutboxHarness, ownership: ShardAssignments, was_sent: bool
) -> None:
    await harness.queue_reply("bom dia")
    claimed = await harness.host.claim(harness.thread)
    assert claimed is not None
    if was_sent:
        channel = await harness.given.admin.fetchrow(
            "SELECT kind, base_url, token_sealed, tenant_id FROM channels"
        )
        assert channel is not None
        line = harness.provider.directory.gateway_credentials(*channel)
        await harness.gateway.send(
            line, "5581988887777", OutboundMessage(claimed.text), str(claimed.id), 5
        )
    heir = Host("host-b:1", harness.host.database)
    await ownership.assign_all(heir)
    harness.host.epochs.clear()
    new = OutboxHarness(heir, harness.provider, harness.given, harness.thread)
    await new.deliver_all()

    assert await new.load_status() == ("uncertain", "owner_gone")
    for _ in range(3):
        await new.expire_waits()
    assert await new.list_phone_texts() == ["bom dia"]
    assert (await new.load_send())["status"] == "sent"
    await new.gateway.close()


async def test_a_send_of_its_own_that_is_under_way_is_left_alone(harness: OutboxHarness) -> None:
    await harness.queue_reply("bom dia")
    assert await harness.host.claim(harness.thread) is not None

    assert await harness.deliver_once() == []


async def test_a_takeover_before_the_claim_keeps_the_assistant_silent(
    harness: OutboxHarness,
) -> None:
    await harness.queue_reply("bom dia")
    await insert_commands(
        harness.host, harness.provider.place, harness.thread, [cmd.AssignConversation("ana")]
    )
    await harness.host.run(harness.thread)
    await harness.deliver_all()

    assert (await harness.load_send())["status"] == "cancelled"
    assert await harness.list_phone_texts() == []


async def test_a_person_without_an_address_has_failed(harness: OutboxHarness) -> None:
    await harness.queue_reply("bom dia")
    await harness.given.admin.execute("DELETE FROM identities")
    await harness.deliver_all()

    assert await harness.load_status() == ("failed", "no_address")


async def test_a_token_that_cannot_be_opened_leaves_nothing_uncertain(
    harness: OutboxHarness,
) -> None:
    """Nothing was written to a socket: the row goes back, and leaves when the token is healed."""
    await harness.queue_reply("bom dia")
    (token,) = await harness.given.rows("SELECT token_sealed FROM channels")
    await harness.given.admin.execute("UPDATE channels SET token_sealed = '\\x00'")
    await harness.deliver_all()

    assert (await harness.load_send())["status"] == "queued"
    await harness.given.admin.execute("UPDATE channels SET token_sealed = $1", token)
    await harness.expire_waits()
    assert await harness.list_phone_texts() == ["bom dia"]


async def test_a_send_that_waited_longer_than_a_day_fails(harness: OutboxHarness) -> None:
    await harness.queue_reply("bom dia")
    await harness.given.admin.execute("UPDATE outbox SET created_at = now() - interval '25 hours'")
    await harness.given.admin.execute("UPDATE channels SET held_until = now() + interval '1 hour'")
    await harness.deliver_all()

    assert await harness.load_status() == ("failed", "given_up")


async def test_many_looks_at_once_send_once(harness: OutboxHarness) -> None:
    await harness.queue_reply("um", "dois")
    for _ in range(5):
        harness.courier.deliver(harness.thread)
    await harness.deliver_all()

    assert await harness.list_phone_texts() == ["um", "dois"]


async def test_a_thread_of_another_host_is_not_looked_at(harness: OutboxHarness) -> None:
    await harness.queue_reply("bom dia")
    harness.host.epochs.clear()

    assert await harness.deliver_once() == []
    assert (await harness.load_send())["status"] == "queued"


async def test_without_the_database_nothing_is_sent_until_the_next_delivery(
    harness: OutboxHarness, database_url: str
) -> None:
    await harness.queue_reply("bom dia")
    away = OutboxHarness(
        Host("host-a:1", await Database.open("postgresql://127.0.0.1:9/none")),
        harness.provider,
        harness.given,
        harness.thread,
    )
    away.host.epochs = harness.host.epochs
    assert await away.deliver_once() == []
    assert await harness.list_phone_texts() == []

    await harness.deliver_all()

    assert await harness.list_phone_texts() == ["bom dia"]
    await away.gateway.close()


async def test_two_channels_are_held_apart(
    harness: OutboxHarness, sandbox: SandboxFixture, database: Database, tmp_path: Path
) -> None:
    another = replace(sandbox, token=uuid4().hex)
    await another.control("PUT", f"/instances/{another.token}", json={})
    other = await create_sandbox_provider(database, another, tmp_path, slug="other")
    second = OutboxHarness(harness.host, other, harness.given, await other.thread("5581977776666"))
    await harness.queue_reply("um")
    await harness.provider.inject_fault("gateway", "status", status=401)
    await harness.deliver_all()
    await second.queue_reply("dois")
    await second.deliver_all()

    assert [line["text"] for line in await other.received("5581977776666")] == ["dois"]
    assert await harness.list_phone_texts() == []
    await second.gateway.close()
