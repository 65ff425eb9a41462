"""A host that gets more than its memory may hold answers all of it, in the order of its limits."""

import asyncio

import pytest

from niochat.actors import actor_addresses
from niochat.actors.tenant_actor import ModelThrottleNotice
from niochat.cluster.hosts.host_process import HostProcess
from niochat.domain.tenant.throttling import TenantThrottleStatus, ThrottleReason
from niochat.tenants.throttle_status import load_throttles
from tests.actors.sandbox_provider import SandboxProvider
from tests.builders import RowBuilder
from tests.cluster.hosts.in_memory_cluster import InMemoryCluster, wait_then_reply
from tests.wait_until import wait_until

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(60)]

PHONES = [f"558198888{number:04d}" for number in range(4)]


async def written(cluster: InMemoryCluster, core: HostProcess, given: RowBuilder) -> None:
    """Each customer writes, and each one's turn is a row."""
    for number, phone in enumerate(PHONES):
        await cluster.accept_message(number, "oi", phone)
    await given.admin.execute("UPDATE inbox SET received_at = now() - interval '3 s'")
    await core.refresh()

    async def turns() -> bool:
        return await given.count("turns", "status = 'running'") == len(PHONES)

    await wait_until(turns)


def told(core: HostProcess) -> list[TenantThrottleStatus]:
    found = core.stats()["held_back"]
    assert isinstance(found, list)
    return found


async def test_turns_beyond_the_line_begin_later_as_the_attempt_that_never_began(
    cluster: InMemoryCluster, provider: SandboxProvider, given: RowBuilder
) -> None:
    await given.admin.execute("UPDATE assistants SET turns_at_once = 1")
    core, gate = await cluster.host("a", max_waiting_turns=1), asyncio.Event()
    cluster.pool.doing = [wait_then_reply(gate) for _ in PHONES]
    await cluster.assign_shards(core)
    await core.apply_quotas()
    await written(cluster, core, given)

    async def one_began() -> bool:  # a turn's row is there before its host begins it
        return core.stats()["turns"] == 1 and bool(told(core))

    await wait_until(one_began)
    assert [(held.reason, held.waiting) for held in told(core)] == [(ThrottleReason.TURNS, 1)]
    assert [h.reason for h in await load_throttles(provider.database, provider.place.tenant)] == []
    await core.apply_quotas()
    (seen,) = await load_throttles(provider.database, provider.place.tenant)
    assert (seen.reason, seen.waiting) == (ThrottleReason.TURNS, 1)

    await given.admin.execute(
        "UPDATE turns SET started_at = now() - interval '1 hour' WHERE status = 'running'"
    )
    gate.set()

    async def answered() -> bool:
        await core.refresh()
        await core.apply_quotas()
        return await given.count("turns", "status = 'answered'") == len(PHONES)

    await wait_until(answered)
    assert await given.count("turns", "attempt > 1") == 0, "waiting costs nobody an attempt"
    assert [request.attempt for request in cluster.pool.requests] == [1] * len(PHONES)
    for phone in PHONES:
        assert len(await provider.wait_for("resposta", phone)) == 1
    await core.apply_quotas()
    assert await load_throttles(provider.database, provider.place.tenant) == []


async def test_a_models_retry_after_is_reported_as_the_throttle_reason(
    cluster: InMemoryCluster, provider: SandboxProvider, given: RowBuilder
) -> None:
    core = await cluster.host("a")
    await cluster.assign_shards(core)
    tenant = provider.place.tenant
    core.tell(actor_addresses.tenant_address(tenant), ModelThrottleNotice(60.0))
    await written(cluster, core, given)

    async def throttled() -> bool:
        held = [(each.reason, each.waiting) for each in told(core)]
        return held == [(ThrottleReason.MODEL_THROTTLED, len(PHONES))]

    await wait_until(throttled)
    assert not cluster.pool.requests
