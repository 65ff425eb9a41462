"""Customers write while something dies: nothing is lost, nothing comes twice, order is kept.

The audit compares the customers' phones with what they sent; afterwards every conversation's
log is replayed and compared with its stored state. ``niochat chaos`` breaks one thing at a time;
here are those that it does not, and those that once lost something.
"""

import asyncio
import random
import signal
from collections.abc import Awaitable, Callable

import asyncpg
import orjson
import psutil
import pytest

from niochat.adapters.postgres.domain_json_codec import event_from_json, state_from_json
from niochat.cli.customer_simulation import CustomerSimulation, SimulationAudit
from niochat.cli.sandbox_client import SandboxClient
from niochat.domain.conversation.evolve import replay
from tests.fault_tolerance.conftest import RunningStackFixture

pytestmark = pytest.mark.asyncio

CUSTOMERS = 60
WRITE_S = 18.0
FAULT_AFTER_S = 5.0
SETTLE_S = 90.0

Fault = Callable[[RunningStackFixture], Awaitable[None]]


async def kill(process: psutil.Process) -> None:
    """SIGKILL, and see it die."""
    process.send_signal(signal.SIGKILL)
    gone, _ = await asyncio.to_thread(psutil.wait_procs, [process], 10)
    assert gone, "the victim lived on"


async def both_hosts(running_stack: RunningStackFixture) -> None:
    await asyncio.gather(*(kill(host) for host in running_stack.named("ray::HostActor")))


async def a_webhook_replica(running_stack: RunningStackFixture) -> None:
    await kill(running_stack.named("ray::ServeReplica:webhooks")[0])


async def a_pool_member(running_stack: RunningStackFixture) -> None:
    await kill(running_stack.named("ray::PoolActor")[0])


async def the_supervisor_and_a_host(running_stack: RunningStackFixture) -> None:
    await kill(running_stack.named("ray::ServeReplica:desk")[0])
    await kill(running_stack.named("ray::HostActor")[0])


async def postgresql(running_stack: RunningStackFixture) -> None:
    await kill(running_stack.postmaster())


@pytest.mark.parametrize(
    "fault",
    [
        a_webhook_replica,
        a_pool_member,
        postgresql,
        both_hosts,
        the_supervisor_and_a_host,
    ],
    ids=lambda fault: fault.__name__,
)
async def test_nothing_is_lost_or_doubled_or_disordered(
    running_stack: RunningStackFixture, fault: Fault
) -> None:
    """SIGKILL in the middle of the traffic."""
    audit = await suffer(running_stack, fault)

    assert audit.sent > CUSTOMERS
    assert (audit.lost, audit.twice, audit.out_of_order, audit.handed_off) == (0, 0, 0, 0), audit
    await every_log_replays_to_its_state(running_stack.told["DATABASE_URL"])


async def suffer(running_stack: RunningStackFixture, fault: Fault) -> SimulationAudit:
    """Traffic, the fault in its middle, then the audit of the phones."""
    client = SandboxClient(
        running_stack.told["NIOCHAT_SANDBOX_URL"], running_stack.told["NIOCHAT_SANDBOX_TOKEN"]
    )
    simulation = CustomerSimulation(
        client, CUSTOMERS, random.SystemRandom().randrange(10**6), think_s=3.0
    )

    async def later() -> None:
        await asyncio.sleep(FAULT_AFTER_S)
        await fault(running_stack)

    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(simulation.run(WRITE_S))
            group.create_task(later())
        return await simulation.audit_when_settled(SETTLE_S)
    finally:
        await client.close()


async def every_log_replays_to_its_state(database_url: str) -> None:
    """Versions without a gap, and the fold of the events is what is stored."""
    connection = await asyncpg.connect(database_url, server_settings={"role": "niochat_system"})
    try:
        rows = await connection.fetch(
            "SELECT c.id, c.state, c.schema_version, c.version,"
            "       array_agg(e.body ORDER BY e.version) AS log,"
            "       array_agg(e.version ORDER BY e.version) AS versions"
            "  FROM conversations c JOIN events e ON e.conversation_id = c.id"
            " GROUP BY c.tenant_id, c.id"
        )
    finally:
        await connection.close()
    assert rows
    for row in rows:
        assert row["versions"] == list(range(1, row["version"] + 1))
        events = [event_from_json(orjson.loads(body)) for body in row["log"]]
        assert replay(events) == state_from_json(orjson.loads(row["state"]), row["schema_version"])
