"""A host answers what was accepted, dies without loss, and says nothing once it is no owner."""

import asyncio
from uuid import UUID

import pytest

from niochat.actors import actor_addresses
from niochat.actors.tenant_actor import TurnGrantRequest
from niochat.cluster.hosts.host_process import HostProcess
from niochat.domain.conversation.commands import (
    AssignConversation,
    ReceiveReaction,
    ResolveConversation,
)
from niochat.inbox.inbox_store import InboxStore
from niochat.live.ephemeral_frames import FrameEnvelope
from tests.actors.sandbox_provider import SandboxProvider
from tests.builders import RowBuilder
from tests.cluster.hosts.in_memory_cluster import (
    InMemoryCluster,
    build_reply,
    raise_lost_replica,
    wait_then_reply,
)
from tests.niochat_sandbox.conftest import SandboxFixture
from tests.wait_until import wait_until

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(30)]


async def forgotten(given: RowBuilder) -> None:
    """What is pending has waited long enough to be swept."""
    await given.admin.execute("UPDATE inbox SET received_at = now() - interval '3 s'")
    await given.admin.execute("UPDATE outbox SET next_at = next_at - interval '3 s'")


async def test_a_message_accepted_without_a_poke_is_answered_all_the_same(
    cluster: InMemoryCluster, provider: SandboxProvider, given: RowBuilder
) -> None:
    core = await cluster.host("a")
    await cluster.assign_shards(core)
    await cluster.accept_message(1, "oi")
    await forgotten(given)

    await core.refresh()

    assert [m["text"] for m in await provider.wait_for("resposta")] == ["resposta 1"]
    assert await given.count("inbox", "processed_at IS NULL") == 0


async def test_a_poke_for_a_thread_of_another_host_does_nothing_here(
    cluster: InMemoryCluster, given: RowBuilder
) -> None:
    core = await cluster.host("a")
    await cluster.poke_thread(core, 1, "oi")

    assert len(core.actors) == 0
    assert await given.count("inbox", "processed_at IS NULL") == 1


async def test_the_turn_of_a_dead_owner_is_run_again_and_answered_once(
    cluster: InMemoryCluster, provider: SandboxProvider, given: RowBuilder
) -> None:
    dead, heir = await cluster.host("a"), await cluster.host("b")
    never = asyncio.Event()
    cluster.pool.doing = [wait_then_reply(never)]
    await cluster.assign_shards(dead)
    await cluster.poke_thread(dead, 1, "oi")
    await cluster.pool.called.wait()

    await cluster.assign_shards(heir)

    assert [m["text"] for m in await provider.wait_for("resposta")] == ["resposta 2"]
    never.set()  # the stale host hears its report now
    await wait_until(lambda: stepless(dead))
    await heir.refresh()
    assert [m["text"] for m in await provider.received()] == ["resposta 2"]
    (turn,) = await given.admin.fetch("SELECT * FROM turns")
    assert (turn["status"], turn["attempt"], turn["host"]) == ("answered", 2, heir.incarnation)
    assert await given.count("outbox") == 1


async def stepless(core: HostProcess) -> bool:
    """Its turns are over and what they led to was stepped."""
    return core.stats()["turns"] == 0 and not any(
        each.is_stepping or each.is_queued for each in core.actors.activations()
    )


async def test_a_send_of_a_dead_owner_is_found_and_not_repeated(
    cluster: InMemoryCluster, provider: SandboxProvider, given: RowBuilder
) -> None:
    dead, heir = await cluster.host("a"), await cluster.host("b")
    await cluster.assign_shards(dead)
    await provider.inject_fault("gateway", "lost_answer", path="/send", seconds=0.3)
    await cluster.poke_thread(dead, 1, "oi")
    await provider.wait_for("resposta")

    await cluster.assign_shards(heir)

    # By its look-up, or by the echo that the tenant's actor found in the gateway's store.
    await wait_until(lambda: uncertain_or_sent(given))
    await given.admin.execute(
        "UPDATE outbox SET next_at = now() - interval '1 s' WHERE status = 'uncertain'"
    )
    await heir.refresh()
    await wait_until(lambda: sent(given))
    assert [m["text"] for m in await provider.received()] == ["resposta 1"]


async def sending(given: RowBuilder) -> bool:
    return await given.count("outbox", "status = 'sending'") == 1


async def uncertain_or_sent(given: RowBuilder) -> bool:
    return await given.count("outbox", "status IN ('uncertain', 'sent')") == 1


async def sent(given: RowBuilder) -> bool:
    return await given.count("outbox", "status = 'sent'") == 1


async def test_a_turn_whose_replica_was_lost_is_run_again(
    cluster: InMemoryCluster, provider: SandboxProvider
) -> None:
    core = await cluster.host("a")
    cluster.pool.doing = [raise_lost_replica]
    await cluster.assign_shards(core)
    await cluster.poke_thread(core, 1, "oi")

    assert [m["text"] for m in await provider.wait_for("resposta")] == ["resposta 2"]
    assert [request.attempt for request in cluster.pool.requests] == [1, 2]


async def test_a_turn_that_loses_every_replica_ends_and_people_are_called(
    cluster: InMemoryCluster, provider: SandboxProvider, given: RowBuilder
) -> None:
    core = await cluster.host("a")
    cluster.pool.doing = [raise_lost_replica] * 9
    await cluster.assign_shards(core)
    await cluster.poke_thread(core, 1, "oi")

    await provider.wait_for("Já passei seu atendimento")
    assert len(cluster.pool.requests) == 3
    assert await given.rows("SELECT code FROM turns") == ["turn_lost"]
    assert await given.rows("SELECT status FROM conversations") == ["waiting"]


async def test_writing_on_cancels_the_turn_and_one_answer_comes(
    cluster: InMemoryCluster, provider: SandboxProvider, given: RowBuilder
) -> None:
    core = await cluster.host("a")
    cluster.pool.doing = [wait_then_reply(asyncio.Event())]
    await cluster.assign_shards(core)
    await cluster.poke_thread(core, 1, "oi")
    await cluster.pool.called.wait()

    await cluster.poke_thread(core, 2, "minha internet caiu")

    assert len(await provider.wait_for("resposta")) == 1
    assert len(cluster.pool.cancelled) == 1
    assert await given.rows("SELECT status FROM turns ORDER BY started_at") == [
        "cancelled",
        "answered",
    ]


async def test_a_takeover_during_a_turn_keeps_the_assistant_silent(
    cluster: InMemoryCluster, provider: SandboxProvider, given: RowBuilder
) -> None:
    core = await cluster.host("a")
    gate = asyncio.Event()
    cluster.pool.doing = [wait_then_reply(gate)]
    await cluster.assign_shards(core)
    thread = await cluster.poke_thread(core, 1, "oi")
    await cluster.pool.called.wait()

    inbox = InboxStore(provider.database)
    place = provider.place
    await inbox.store_command(place.tenant, thread, place.channel, "k", AssignConversation("ana"))
    core.poke([actor_addresses.conversation_address(thread)])
    await wait_until(lambda: opened(given))
    gate.set()
    await wait_until(lambda: stepless(core))

    assert await given.count("outbox") == 0
    assert await given.rows("SELECT status FROM turns") == ["cancelled"]


async def opened(given: RowBuilder) -> bool:
    return await given.count("conversations", "status = 'open'") == 1


async def test_a_model_that_asks_to_wait_makes_the_tenants_next_turn_wait(
    cluster: InMemoryCluster, provider: SandboxProvider
) -> None:
    core = await cluster.host("a")
    cluster.pool.doing = [lambda request: build_reply(request, throttle_s=30.0)]
    await cluster.assign_shards(core)
    await cluster.poke_thread(core, 1, "oi")
    await provider.wait_for("resposta")

    async def throttled() -> bool:
        grant = await cluster.call_actor(
            actor_addresses.tenant_address(provider.place.tenant), TurnGrantRequest()
        )
        return not grant.turns and grant.wait_s > 20

    await wait_until(throttled)


async def test_running_work_is_settled_before_its_shard_moves(
    cluster: InMemoryCluster, provider: SandboxProvider, given: RowBuilder
) -> None:
    leaving, heir = await cluster.host("a"), await cluster.host("b")
    await cluster.assign_shards(leaving)
    await provider.inject_fault("gateway", "delay", path="/send", seconds=0.3)
    await cluster.poke_thread(leaving, 1, "oi")
    await wait_until(lambda: sending(given))

    await leaving.release_shards(set(range(1024)))

    assert await sent(given), "its settlement had its step"
    await cluster.assign_shards(heir)
    assert [m["text"] for m in await provider.received()] == ["resposta 1"]


async def test_a_host_that_is_about_to_lose_its_shards_starts_nothing(
    cluster: InMemoryCluster, given: RowBuilder
) -> None:
    core = await cluster.host("a")
    await cluster.assign_shards(core)
    await core.release_shards(set(range(1024)))

    await cluster.poke_thread(core, 1, "oi")
    await forgotten(given)
    await core.refresh()

    assert len(core.actors) == 0
    assert core.stats()["shards"] == 0


async def test_a_held_channel_does_not_hide_the_sends_of_others(
    cluster: InMemoryCluster, provider: SandboxProvider, given: RowBuilder
) -> None:
    """More rows wait behind a hold than one sweep looks at."""
    core = await cluster.host("a")
    await cluster.assign_shards(core)
    await cluster.poke_thread(core, 1, "oi")
    await wait_until(lambda: sent(given))
    place = await given.place()
    thread = await given.thread(place)
    await many_queued(given, place.tenant, place.channel, thread, 600)
    await given.admin.execute(
        "UPDATE channels SET held_until = now() + interval '1 h' WHERE id = $1", place.channel
    )
    # Under another id: the gateway's store proves that the first one has left.
    await given.admin.execute(
        "UPDATE outbox SET status = 'queued', next_at = now() - interval '1 minute',"
        " id = gen_random_uuid() WHERE tenant_id = $1",
        provider.place.tenant,
    )

    await core.refresh()

    await wait_until(lambda: sent(given))
    assert len(await provider.received()) == 2, "the other tenant's was looked at"


async def many_queued(
    given: RowBuilder, tenant: UUID, channel: UUID, thread: UUID, count: int
) -> None:
    values = (tenant, channel, thread, count)
    await given.admin.execute(
        "WITH c AS (INSERT INTO conversations (tenant_id, id, thread_id, protocol, status, version,"
        " state, schema_version, opened_at, changed_at) VALUES ($1, gen_random_uuid(), $3, 'p',"
        " 'pending', 1, '{}', 1, now(), now()) RETURNING id), m AS ("
        " INSERT INTO messages (tenant_id, id, thread_id, author, kind, text, sent_at)"
        " SELECT $1, gen_random_uuid(), $3, 'assistant', 'text', 'x', now()"
        " FROM generate_series(1, $4) RETURNING id)"
        " INSERT INTO outbox (tenant_id, id, thread_id, shard, channel_id, conversation_id,"
        " message_id, origin, text, next_at) SELECT $1, gen_random_uuid(), $3, shard_of($3), $2,"
        " c.id, m.id, 'assistant', 'x', now() - interval '1 h' FROM c, m",
        *values,
    )


async def test_a_host_that_runs_sweeps_by_itself(
    cluster: InMemoryCluster, provider: SandboxProvider, given: RowBuilder, sandbox: SandboxFixture
) -> None:
    core = await cluster.host("a")
    await cluster.assign_shards(core)
    await cluster.accept_message(1, "oi")
    await forgotten(given)

    core.start()

    await provider.wait_for("resposta")
    assert await given.rows("SELECT incarnation FROM hosts") == [core.incarnation]


async def test_a_reaction_after_the_conversation_is_published_to_screens(
    cluster: InMemoryCluster, provider: SandboxProvider, given: RowBuilder
) -> None:
    core = await cluster.host("a")
    published: list[bytes] = []

    async def publish(data: bytes) -> None:
        published.append(data)

    core._unlogged_changes._publish = publish
    # While a rating is open, changes of the conversation are events.
    await given.admin.execute(
        "UPDATE tenants SET policy = policy || $1", {"ratings": {"after_s": 0}}
    )
    await cluster.assign_shards(core)
    thread = await cluster.poke_thread(core, 1, "oi")
    await provider.wait_for("resposta")
    (message,) = await given.rows("SELECT id FROM messages WHERE author = 'customer'")
    (external,) = await given.rows("SELECT external_id FROM messages WHERE author = 'customer'")
    place, inbox = provider.place, InboxStore(provider.database)
    for key, command in (
        ("resolve", ResolveConversation("ana")),
        ("react", ReceiveReaction("r-1", external, "👍", from_provider=True)),
    ):
        await inbox.store_command(place.tenant, thread, place.channel, key, command)
        core.poke([actor_addresses.conversation_address(thread)])

        async def processed() -> bool:
            return await given.count("inbox", "processed_at IS NULL") == 0

        await wait_until(processed)

    envelope = FrameEnvelope.decode((await wait_until(lambda: published))[0])
    assert envelope.tenant_id == place.tenant
    assert str(message) in envelope.frame
    assert "👍" in envelope.frame
