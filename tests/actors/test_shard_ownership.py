"""Which shards a host believes to be its own, and until when."""

from uuid import UUID

import pytest

from niochat.actors import actor_addresses
from niochat.actors.shard_ownership import RELEASE_TIMEOUT_S, ShardOwnership
from niochat.actors.tenant_actor import TurnGrantRequest
from niochat.adapters.postgres.database import Database
from niochat.cluster.hosts.host_process import HostProcess
from niochat.domain.errors import UnavailableError
from tests import builders
from tests.actors.sandbox_provider import SandboxProvider
from tests.builders import Host, RowBuilder
from tests.cluster.hosts.in_memory_cluster import InMemoryCluster
from tests.manual_clock import ManualClock
from tests.wait_until import wait_until

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(30)]


async def test_shards_that_were_let_go_but_never_moved_are_served_again(
    database: Database, given: RowBuilder, ownership: builders.ShardAssignments
) -> None:
    await ownership.assign_all(Host("host-a:1", database))
    clock = ManualClock()
    here = ShardOwnership(database, "host-a:1", clock=clock)
    await here.refresh()
    here.begin_release({0, 1})
    key = UUID(int=1)
    assert len(here.active_shards) == 1022
    assert here.active_epoch(key) is None
    assert here.held_epoch(key) == 1, "what was begun is settled still"

    clock.now += RELEASE_TIMEOUT_S

    assert len(here.active_shards) == 1024
    assert here.active_epoch(key) == 1


async def test_a_shard_that_left_and_came_back_is_no_longer_let_go(
    database: Database, ownership: builders.ShardAssignments
) -> None:
    await ownership.assign_all(Host("host-a:1", database))
    lost: list[set[int]] = []
    here = ShardOwnership(database, "host-a:1", lost.append, clock=ManualClock())
    await here.refresh()
    here.begin_release({1})
    await ownership.assign_all(Host("host-b:1", database), UUID(int=1))
    await ownership.assign_all(Host("host-a:1", database), UUID(int=1))

    await here.refresh()
    assert lost == [{1}]
    assert here.active_epoch(UUID(int=1)) == 3


async def test_a_process_that_was_replaced_does_not_hide_the_one_that_has_its_name_now(
    database: Database, given: RowBuilder
) -> None:
    replaced, here = ShardOwnership(database, "host-0.a"), ShardOwnership(database, "host-0.b")
    await replaced.register_host("host-0", "cut-off", 7)
    await replaced.register_host("host-0", "cut-off", 7)

    await here.register_host("host-0", "node", 8)
    await replaced.register_host("host-0", "cut-off", 7)

    assert await given.rows("SELECT incarnation FROM hosts") == ["host-0.b"]
    await here.register_host("host-0", "node", 8)
    assert await given.rows("SELECT node FROM hosts") == ["node"]


async def test_an_actor_of_another_host_is_not_made_here(
    cluster: InMemoryCluster, provider: SandboxProvider
) -> None:
    core = await cluster.host("a")
    address = actor_addresses.tenant_address(provider.place.tenant)

    core.tell(address, TurnGrantRequest())
    with pytest.raises(UnavailableError):
        await core.ask(address, TurnGrantRequest())
    assert len(core.actors) == 0


async def test_shards_that_moved_away_leave_memory(
    cluster: InMemoryCluster, provider: SandboxProvider
) -> None:
    old, new = await cluster.host("a"), await cluster.host("b")
    await cluster.assign_shards(old)
    await cluster.poke_thread(old, 1, "oi")
    await provider.wait_for("resposta")
    assert old.stats()["conversations"] == 1

    await cluster.assign_shards(new)
    await old.refresh()

    await wait_until(lambda: nothing_held(old))
    assert old.stats()["shards"] == 0


async def nothing_held(core: HostProcess) -> bool:
    return core.stats()["conversations"] == 0
