"""Promises about acting: nothing is lost by it, and doing it twice is doing it once."""

from uuid import UUID, uuid4

import pytest

from niochat.actors import actor_addresses
from niochat.cluster.shard_map import eligible_hosts
from niochat.conversations.pauses import MAX_PAUSES
from tests.builders import RowBuilder
from tests.http.operators.conftest import OperatorApiFixture
from tests.wait_until import wait_until

pytestmark = pytest.mark.asyncio


async def answered(given: RowBuilder, thread: UUID) -> bool:
    return "resposta 1" in await given.load_transcript(thread)


async def test_a_deactivated_actor_forgets_and_goes_on_from_its_rows(
    operations: OperatorApiFixture, given: RowBuilder
) -> None:
    core = await operations.single_host_client()
    thread = await operations.cluster.poke_thread(core, 1, "oi")
    await operations.cluster.provider.wait_for("resposta 1")
    address = actor_addresses.conversation_address(thread)

    async def resting() -> bool:
        """Also of what became of its send, which would wake it once more."""
        found = core.actors.find(address)
        settled = await given.count("outbox", "status = 'sent'") == 1
        return settled and found is not None and found.is_idle

    await wait_until(resting)
    told = await operations.post(f"/actors/conversation/{thread}/deactivate")
    assert told["was_active"]

    async def gone() -> bool:
        """On a busy machine a sweep that looked before the last step may wake it once more."""
        again = await operations.post(f"/actors/conversation/{thread}/deactivate")
        return not again["was_active"] and core.actors.find(address) is None

    await wait_until(gone)
    await operations.cluster.poke_thread(core, 2, "e agora?")
    await wait_until(lambda: said_twice(given, thread))


async def said_twice(given: RowBuilder, thread: UUID) -> bool:
    return (await given.load_transcript(thread)).count("resposta 1") == 2


async def test_a_busy_actor_leaves_after_its_messages_and_loses_none(
    operations: OperatorApiFixture, given: RowBuilder
) -> None:
    core = await operations.single_host_client()
    thread = await operations.cluster.accept_message(1, "oi")
    core.actors.wake(actor_addresses.conversation_address(thread))  # it waits for its step

    told = await operations.post(f"/actors/conversation/{thread}/deactivate")

    assert told["was_active"]
    await wait_until(lambda: answered_after_sweep(operations, given, thread))


async def answered_after_sweep(
    operations: OperatorApiFixture, given: RowBuilder, thread: UUID
) -> bool:
    for core in operations.cluster.hosts.values():
        await core.refresh()
        core.poke([actor_addresses.conversation_address(thread)])
    return await answered(given, thread)


async def test_a_paused_conversation_takes_no_step_until_it_is_resumed(
    operations: OperatorApiFixture, given: RowBuilder
) -> None:
    core = await operations.single_host_client()
    thread = await operations.cluster.accept_message(1, "oi")

    paused = await operations.post(f"/actors/conversation/{thread}/pause", {"seconds": 600})
    core.poke([actor_addresses.conversation_address(thread)])
    core.poke([actor_addresses.conversation_address(thread)])
    await wait_until(lambda: stepped_aside(operations, thread))
    assert paused["owner_notified"]
    assert await given.count("inbox", "processed_at IS NULL") == 1
    assert await given.count("conversations") == 0
    seen = await operations.get(f"/actors/conversation/{thread}")
    assert (seen["inbox"], seen["actor"]["status"]) == (1, "paused")
    assert seen["paused_until"]

    for _ in range(2):
        assert (await operations.post(f"/actors/conversation/{thread}/resume"))["owner_notified"]
    await wait_until(lambda: answered(given, thread))
    await wait_until(lambda: all_taken(given))  # what left comes back by the gateway's store, too


async def all_taken(given: RowBuilder) -> bool:
    return await given.count("inbox", "processed_at IS NULL") == 0


async def stepped_aside(operations: OperatorApiFixture, thread: UUID) -> bool:
    (core,) = operations.cluster.hosts.values()
    found = core.actors.find(actor_addresses.conversation_address(thread))
    return found is not None and found.is_idle


async def test_a_turn_that_ends_during_a_pause_is_said_after_it(
    operations: OperatorApiFixture, given: RowBuilder
) -> None:
    core = await operations.single_host_client()
    thread = await operations.cluster.poke_thread(core, 1, "oi")
    await operations.cluster.pool.called.wait()

    await operations.post(f"/actors/conversation/{thread}/pause")
    await operations.post(f"/actors/conversation/{thread}/resume")

    await operations.cluster.provider.wait_for("resposta 1")


async def test_a_pause_outlives_the_move_to_another_host(
    operations: OperatorApiFixture, given: RowBuilder
) -> None:
    one = await operations.single_host_client()
    thread = await operations.cluster.accept_message(1, "oi")
    operations.silent.add(one.incarnation)
    paused = await operations.post(f"/actors/conversation/{thread}/pause")
    assert not paused["owner_notified"]

    two = await operations.cluster.host("host-1")
    await operations.cluster.assign_shards(
        two
    )  # it learns of the pause before it learns what is its own
    two.poke([actor_addresses.conversation_address(thread)])

    async def aside() -> bool:
        found = two.actors.find(actor_addresses.conversation_address(thread))
        return found is not None and found.is_idle

    await wait_until(aside)
    assert await given.count("inbox", "processed_at IS NULL") == 1
    await given.admin.execute("UPDATE pauses SET until = now()")  # its time is over
    await two.refresh()
    await wait_until(lambda: answered(given, thread))


async def test_a_drained_host_is_passed_over_until_it_is_taken_back(
    operations: OperatorApiFixture, given: RowBuilder
) -> None:
    one = await operations.single_host_client()
    two = await operations.cluster.host("host-1")
    await operations.announced(two)
    live = {core.name: core.incarnation for core in (one, two)}

    async def draining() -> set[str]:
        return set(await given.rows("SELECT incarnation FROM hosts WHERE draining"))

    for _ in range(2):
        assert (await operations.post("/hosts/host-0/drain"))["draining"]
    assert eligible_hosts(live, await draining()) == ["host-1"]
    assert await operations.refused("POST", "/hosts/host-1/drain") == (409, "last_host")
    assert await operations.refused("POST", "/hosts/host-7/drain") == (404, "not_found")
    assert not (await operations.post("/hosts/host-0/undrain"))["draining"]
    assert eligible_hosts(live, await draining()) == ["host-0", "host-1"]


async def test_another_process_of_the_name_is_not_drained(
    operations: OperatorApiFixture, given: RowBuilder
) -> None:
    one = await operations.single_host_client()
    await operations.announced(await operations.cluster.host("host-1"))
    await operations.post("/hosts/host-0/drain")

    await one._ownership.register_host("host-0", "node", 7)
    assert await given.count("hosts", "draining") == 1
    restarted = await operations.cluster.host("host-0")
    await restarted._ownership.register_host("host-0", "node", 8)

    assert await given.count("hosts", "draining") == 0


async def test_a_conversation_is_handed_to_people_once(
    operations: OperatorApiFixture, given: RowBuilder
) -> None:
    core = await operations.single_host_client()
    thread = await operations.cluster.poke_thread(core, 1, "oi")
    await operations.cluster.provider.wait_for("resposta 1")
    path = f"/conversations/{thread}/handoff"
    again = {"headers": {"Idempotency-Key": "one"}}

    first = await operations.post(path, {"team": "atendimento"}, **again)
    second = await operations.post(path, {"team": "atendimento"}, **again)
    third = await operations.post(path)

    assert [told["outcome"] for told in (first, second, third)] == ["done"] * 3
    assert await given.count("events", "type = 'conversation_handed_off'") == 1
    assert await given.rows("SELECT DISTINCT action FROM audit WHERE who_kind = 'operator'") == [
        "operators.hand_over"
    ]
    assert await given.count("inbox", "dedupe_key LIKE 'operator:%'") == 2
    (cause,) = await given.rows("SELECT cause FROM events WHERE type = 'conversation_handed_off'")
    assert str(cause).startswith("hand_over_conversation:")
    assert (await operations.get(f"/conversations/{thread}"))["status"] == "waiting"


async def test_bad_orders_change_nothing_and_say_what_to_change(
    operations: OperatorApiFixture, given: RowBuilder
) -> None:
    core = await operations.single_host_client()
    thread = await operations.cluster.poke_thread(core, 1, "oi")
    await operations.cluster.provider.wait_for("resposta 1")
    pause, over = f"/actors/conversation/{thread}/pause", f"/conversations/{thread}/handoff"
    tenant = operations.cluster.provider.place.tenant
    for path, body, refusal in (
        (pause, {"seconds": 0}, (422, "invalid")),
        (pause, {"seconds": 3601}, (422, "invalid")),
        (pause, {"seconds": "long"}, (422, "invalid")),
        (pause, {"minutes": 5}, (422, "invalid")),
        (pause, [], (422, "invalid")),
        (f"/actors/tenant/{tenant}/pause", {}, (400, "bad_kind")),
        (f"/actors/conversation/{uuid4()}/pause", {}, (404, "not_found")),
        (over, {"team": "nobody"}, (400, "unknown_team")),
        (over, {"team": ""}, (422, "invalid")),
        ("/conversations/1/handoff", {}, (404, "not_found")),
    ):
        assert await operations.refused("POST", path, json=body) == refusal, (path, body)
    assert await operations.refused("POST", pause, content=b"{") == (422, "invalid")
    assert await operations.refused("POST", pause, content=b" " * 20_000) == (413, "too_large")
    assert await operations.refused("POST", over, headers={"Idempotency-Key": "k" * 129}) == (
        422,
        "bad_key",
    )
    assert await given.count("pauses") == 0
    assert await given.count("inbox", "dedupe_key LIKE 'operator:%'") == 0


async def test_no_more_than_a_bounded_number_is_paused(
    operations: OperatorApiFixture, given: RowBuilder
) -> None:
    await operations.single_host_client()
    thread = await operations.cluster.accept_message(1, "oi")
    place = operations.cluster.provider.place
    await given.admin.execute(
        "WITH k AS (INSERT INTO contacts (tenant_id) SELECT $1 FROM generate_series(1, $3)"
        " RETURNING id), t AS (INSERT INTO threads (tenant_id, channel_id, contact_id)"
        " SELECT $1, $2, id FROM k RETURNING id) SELECT count(*) FROM t",
        place.tenant,
        place.channel,
        MAX_PAUSES,
    )
    await given.admin.execute(
        "INSERT INTO pauses (tenant_id, thread_id, until) SELECT tenant_id, id,"
        " now() + interval '1 h' FROM threads WHERE id <> $1",
        thread,
    )

    refused = await operations.refused("POST", f"/actors/conversation/{thread}/pause")

    assert refused == (409, "too_many_pauses")
