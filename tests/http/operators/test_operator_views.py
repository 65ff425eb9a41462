"""Promises about seeing: hosts, shards, actors by page, and one conversation without its words."""

from uuid import uuid4

import pytest

from niochat.actors import actor_addresses
from niochat.runtime.address import ActorAddress
from tests.actors.sandbox_provider import PHONE
from tests.builders import RowBuilder
from tests.http.operators.conftest import OperatorApiFixture
from tests.wait_until import wait_until

pytestmark = pytest.mark.asyncio


async def test_a_host_shows_its_process_and_its_figures(operations: OperatorApiFixture) -> None:
    core = await operations.single_host_client()

    (host,) = (await operations.get("/hosts"))["hosts"]

    assert (host["name"], host["incarnation"], host["alive"]) == ("host-0", core.incarnation, True)
    assert (host["shards"], host["draining"]) == (1024, False)
    metrics = host["metrics"]
    assert {"lag_ms", "mailbox_depth", "turns", "sends", "by_kind"} <= metrics.keys()
    assert (metrics["throttled"], metrics["rejected"], metrics["waiting"]["activations"]) == (
        [],
        0,
        0,
    )


async def test_a_host_that_does_not_answer_is_shown_without_figures(
    operations: OperatorApiFixture,
) -> None:
    core = await operations.single_host_client()
    operations.silent.add(core.incarnation)

    (host,) = (await operations.get("/hosts"))["hosts"]
    listed = await operations.get("/actors")

    assert (host["alive"], host["metrics"]) == (True, None)
    assert listed == {"items": [], "next_cursor": None, "silent_hosts": [core.incarnation]}


async def test_a_mirror_shows_how_far_behind_it_is_and_why(
    operations: OperatorApiFixture, given: RowBuilder
) -> None:
    tenant = await given.tenant()
    assert (await operations.get("/mirrors"))["mirrors"] == []
    await given.admin.execute(
        "INSERT INTO mirror_positions (tenant_id, log_xid, log_conversation, log_version,"
        " audit_xid, audit_id, failure, failure_detail, failed_since)"
        " VALUES ($1, '0', $1, 0, '0', 0, 'key_refused', 'set its secret key', now())",
        tenant,
    )
    await given.admin.execute(
        "INSERT INTO mirror_changes (tenant_id, source, ref, at)"
        " VALUES ($1, 'contacts', 'x', now() - interval '30 s')",
        tenant,
    )

    (mirror,) = (await operations.get("/mirrors"))["mirrors"]

    assert mirror["tenant_id"] == str(tenant)
    assert 29 < mirror["behind_s"] < 60
    assert (mirror["failure"], mirror["backfill_done"]) == ("key_refused", None)


async def test_every_shard_shows_its_owner_and_epoch(operations: OperatorApiFixture) -> None:
    core = await operations.single_host_client()

    shards = (await operations.get("/shards"))["shards"]

    assert [shard["shard"] for shard in shards] == list(range(1024))
    assert {(shard["host"], shard["epoch"]) for shard in shards} == {(core.incarnation, 1)}


async def test_pages_of_actors_fit_together_over_all_hosts(operations: OperatorApiFixture) -> None:
    one = await operations.single_host_client()
    two = await operations.cluster.host("host-1")
    await operations.announced(two)
    told = [ActorAddress(actor_addresses.TENANT, uuid4()) for _ in range(40)]
    told += [ActorAddress(actor_addresses.TEAM_QUEUE, uuid4()) for _ in range(5)]
    for number, address in enumerate(told):
        (one if number % 3 else two).actors.wake(address)

    seen: list[str] = []
    query: dict[str, object] = {"limit": 7}
    while True:
        page = await operations.get("/actors", **query)
        seen += [f"{actor['kind']}:{actor['key']}" for actor in page["items"]]
        if page["next_cursor"] is None:
            break
        query["cursor"] = page["next_cursor"]

    assert sorted(seen) == sorted(f"{each.kind}:{each.key}" for each in told)
    assert len(seen) == len(set(seen))
    only = await operations.get("/actors", kind="team_queue", host="host-0", limit=200)
    assert {actor["host"] for actor in only["items"]} == {one.incarnation}
    assert {actor["kind"] for actor in only["items"]} == {"team_queue"}


async def test_an_actor_shows_its_last_error_and_what_waits_for_it(
    operations: OperatorApiFixture,
) -> None:
    core = await operations.single_host_client()
    thread = await operations.cluster.accept_message(1, "palavra secreta")
    core.actors.wake(actor_addresses.conversation_address(thread))
    activation = core.actors.find(actor_addresses.conversation_address(thread))
    assert activation is not None
    activation.record_failure("database")

    (actor,) = (await operations.get("/actors", kind="conversation"))["items"]

    assert (actor["key"], actor["error"]) == (str(thread), "database")
    assert actor["error_at"]
    assert actor["age_s"] >= actor["idle_s"] >= 0


async def test_a_conversation_shows_where_it_stands_and_not_what_was_said(
    operations: OperatorApiFixture, given: RowBuilder
) -> None:
    core = await operations.single_host_client()
    thread = await operations.cluster.poke_thread(core, 1, "palavra secreta")
    (protocol,) = await until_rows(given, "SELECT protocol FROM conversations")
    await operations.cluster.provider.wait_for("resposta 1")
    await operations.cluster.accept_message(2, "outra palavra secreta")

    by_protocol = await operations.http.get(f"/api/operators/conversations/{protocol}")
    told = by_protocol.json()

    assert told["thread_id"] == str(thread)
    assert told["actor"]["actor"]["kind"] == "conversation"
    assert told["actor"]["actor"]["tenant_id"] == str(operations.cluster.provider.place.tenant)
    # Done already, or not yet; so may be what the gateway tells of the answer.
    assert {row["type"] for row in told["pending"]} <= {"receive_message", "receive_echo"}
    assert told["state"]["version"] == told["version"] > 0
    for hidden in ("palavra", "resposta", PHONE):
        assert hidden not in by_protocol.text
    for other in (told["id"], told["thread_id"]):
        assert (await operations.get(f"/conversations/{other}"))["id"] == told["id"]


async def until_rows(given: RowBuilder, query: str) -> list[object]:
    found: list[list[object]] = []

    async def there() -> bool:
        found.append(await given.rows(query))
        return bool(found[-1])

    await wait_until(there)
    return found[-1]


async def test_bad_questions_get_a_sentence_and_nothing_unknown_is_found(
    operations: OperatorApiFixture,
) -> None:
    await operations.single_host_client()
    for path, refusal in {
        "/actors?limit=0": (422, "invalid"),
        "/actors?limit=201": (422, "invalid"),
        "/actors?limit=x": (422, "invalid"),
        "/actors?order=age": (422, "invalid"),
        "/actors?kind=person": (422, "invalid"),
        "/actors?cursor=nonsense": (400, "bad_cursor"),
        "/actors?cursor=dGVuYW50IDE": (400, "bad_cursor"),
        "/actors?host=host-9": (404, "not_found"),
        "/actors/conversation/1": (422, "invalid"),
        f"/actors/conversation/{uuid4()}": (404, "not_found"),
        "/conversations/20990101-1": (404, "not_found"),
    }.items():
        assert await operations.refused("GET", path) == refusal, path
