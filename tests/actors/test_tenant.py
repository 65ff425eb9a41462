"""The tenant's actor hands out turns in blocks and fills up its channels; nothing waits for it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio

from niochat.actors import kinds
from niochat.actors.ownership import RELEASE_S, Ownership
from niochat.actors.team_queue import Position, TeamQueueBehaviour, Waiting
from niochat.actors.tenant import (
    BLOCK,
    ChannelConnected,
    Grant,
    LeaseTurns,
    TenantBehaviour,
    Throttled,
)
from niochat.adapters.postgres.database import Database
from niochat.adapters.whatsapp.uazapi.client import Uazapi
from niochat.conversation.views import Views
from niochat.domain import commands as cmd
from niochat.inbox.accept import Inbox
from niochat.inbox.backfill import Backfill
from niochat.runtime.host import Delivery
from niochat.runtime.mailbox import Activation, Ask
from tests import builders
from tests.actors.provider import Provider
from tests.builders import Given, Host, Place, message, put

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(30)]


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


class Tenant:
    """One tenant's actor, stepped by hand."""

    def __init__(self, provider: Provider, gateway: Uazapi) -> None:
        self.clock, self.poked = Clock(), set[UUID]()
        self.filled = asyncio.Event()
        database = provider.database
        self.behaviour = TenantBehaviour(
            database,
            Backfill(database, Inbox(database), gateway),
            provider.directory.line,
            self._poke,
            fill_every_s=30,
            clock=self.clock,
        )
        self.activation = Activation(kinds.tenant(provider.place.tenant), 0.0)

    def _poke(self, threads: set[UUID]) -> None:
        self.poked |= threads
        self.filled.set()

    async def told(self, *messages: object) -> None:
        await self.behaviour.step([Delivery(self.activation, list(messages))])

    async def leased(self) -> Grant:
        question = Ask(LeaseTurns(), asyncio.get_running_loop().create_future())
        await self.told(question)
        grant = question.answer.result()
        assert isinstance(grant, Grant)
        return grant

    async def at_rest(self) -> None:
        await self.activation.state.filling


@pytest_asyncio.fixture
async def tenant(provider: Provider) -> AsyncIterator[Tenant]:
    gateway = Uazapi(lookup_timeout_s=2)
    here = Tenant(provider, gateway)
    yield here
    await here.at_rest()
    await gateway.close()


async def rate(given: Given, per_minute: int) -> None:
    await given.admin.execute("UPDATE assistants SET turns_per_minute = $1", per_minute)


async def test_turns_are_granted_in_blocks_up_to_the_rate(tenant: Tenant, given: Given) -> None:
    await rate(given, 60)

    assert await tenant.leased() == Grant(BLOCK, 0.0)
    assert await tenant.leased() == Grant(0, 1.0)
    tenant.clock.now += 3.5
    assert await tenant.leased() == Grant(3, 0.0)
    assert await tenant.leased() == Grant(0, 0.5)


async def test_a_quiet_hour_is_not_saved_up(tenant: Tenant, given: Given) -> None:
    await rate(given, 60)
    await tenant.leased()
    tenant.clock.now += 3600

    grants = [await tenant.leased() for _ in range(3)]

    assert [grant.turns for grant in grants] == [BLOCK, 0, 0]


async def test_a_small_rate_is_kept_from_the_first_minute_on(tenant: Tenant, given: Given) -> None:
    await rate(given, 3)

    assert (await tenant.leased()).turns == 3
    assert (await tenant.leased()).wait_s == pytest.approx(20.0)


async def test_nothing_is_granted_while_the_model_wants_to_rest(tenant: Tenant) -> None:
    await tenant.told(Throttled(10.0), Throttled(2.0))

    assert await tenant.leased() == Grant(0, 10.0)
    tenant.clock.now += 10
    assert (await tenant.leased()).turns > 0


async def test_a_new_rate_counts_without_a_restart(tenant: Tenant, given: Given) -> None:
    await rate(given, 60)
    while (await tenant.leased()).turns:
        pass
    await tenant.at_rest()
    await rate(given, 1200)
    tenant.clock.now += 31
    await tenant.told()
    await tenant.at_rest()
    while (await tenant.leased()).turns:
        pass
    tenant.clock.now += 1

    assert (await tenant.leased()).turns == BLOCK


async def test_what_the_gateway_did_not_deliver_is_fetched_when_it_is_time(
    tenant: Tenant, provider: Provider
) -> None:
    await tenant.told()
    await tenant.at_rest()
    await provider.world.write("5581988887777", text="ninguém me ouviu")
    await tenant.told()
    await tenant.at_rest()
    assert not tenant.poked, "not yet"

    tenant.clock.now += 31
    await tenant.told()

    await asyncio.wait_for(tenant.filled.wait(), 5)
    assert len(tenant.poked) == 1


async def test_a_channel_that_is_back_is_filled_at_once(tenant: Tenant, provider: Provider) -> None:
    await tenant.told()
    await tenant.at_rest()
    await provider.world.write("5581988887777", text="ninguém me ouviu")

    await tenant.told(ChannelConnected())

    await asyncio.wait_for(tenant.filled.wait(), 5)


async def test_a_broken_channel_does_not_keep_the_others_empty(
    tenant: Tenant, provider: Provider, given: Given
) -> None:
    await given.admin.execute(
        "UPDATE channels SET id = '00000000-0000-0000-0000-000000000001', slug = 'good'"
    )
    await given.channel(provider.place.tenant)  # its token cannot be opened
    await given.admin.execute("CLUSTER channels USING channels_tenant_id_slug_key")
    await provider.world.write("5581988887777", text="ninguém me ouviu")

    await tenant.told()

    await asyncio.wait_for(tenant.filled.wait(), 5)


class Queue:
    """One team's queue actor; a new one has only the rows to go by."""

    def __init__(self, database: Database, place: Place) -> None:
        self._behaviour = TeamQueueBehaviour(Views(database))
        self._place = place
        address = kinds.team_queue(place.tenant, "atendimento")
        self._activation = Activation(address, 0.0)

    async def told(self, thread: UUID, waits: bool) -> None:
        await self._step(Waiting(self._place.tenant, "atendimento", thread, waits))

    async def places(self, *threads: UUID) -> list[int | None]:
        return [await self._place_of(thread) for thread in threads]

    async def _place_of(self, thread: UUID) -> Any:
        body = Position(self._place.tenant, "atendimento", thread)
        question = Ask(body, asyncio.get_running_loop().create_future())
        await self._step(question)
        return question.answer.result()

    async def _step(self, message: object) -> None:
        await self._behaviour.step([Delivery(self._activation, [message])])


@pytest.fixture
def queue(database: Database) -> Callable[[Place], Queue]:
    return lambda place: Queue(database, place)


async def handed_off(
    host: Host, given: Given, ownership: builders.Ownership, count: int
) -> tuple[Place, list[UUID]]:
    """Threads that wait for the team, longest first."""
    await ownership.give(host)
    place = await given.place()
    threads = [await given.thread(place) for _ in range(count)]
    for thread in threads:
        await put(host, place, thread, [message("m1")])
        await host.run(thread)
        turn = host.turn(thread)
        failed = cmd.FinishAssistantTurn(turn.id, 1, cmd.TurnOutcome.FAILED, code="model_timeout")
        await host.step(thread, failed)
    return place, threads


async def test_places_in_a_queue_follow_who_waits_and_who_left(
    database: Database, given: Given, queue: Callable[[Place], Queue]
) -> None:
    place = await given.place()
    first, second, third = [await given.thread(place) for _ in range(3)]
    team = queue(place)
    for thread in (first, second, third, first):
        await team.told(thread, waits=True)

    assert await team.places(first, second, third) == [1, 2, 3]
    await team.told(first, waits=False)
    await team.told(first, waits=False)
    assert await team.places(first, second, third) == [None, 1, 2]
    await team.told(first, waits=True)
    assert await team.places(first) == [3]


async def test_a_new_activation_reads_the_queue_from_the_rows(
    database: Database,
    given: Given,
    ownership: builders.Ownership,
    queue: Callable[[Place], Queue],
) -> None:
    place, threads = await handed_off(Host("host-a:1", database), given, ownership, 3)

    assert await queue(place).places(*threads) == [1, 2, 3]
    other = await given.place()
    assert await queue(other).places(*threads) == [None] * 3


async def test_who_writes_while_waiting_keeps_the_place(
    database: Database,
    given: Given,
    ownership: builders.Ownership,
    queue: Callable[[Place], Queue],
) -> None:
    host = Host("host-a:1", database)
    place, threads = await handed_off(host, given, ownership, 3)
    await put(host, place, threads[0], [message("m2", "alguém aí?")])
    await host.run(threads[0])

    assert await queue(place).places(*threads) == [1, 2, 3]


async def test_shards_that_were_let_go_but_never_moved_are_served_again(
    database: Database, given: Given, ownership: builders.Ownership
) -> None:
    await ownership.give(Host("host-a:1", database))
    clock = Clock()
    here = Ownership(database, "host-a:1", clock=clock)
    await here.refresh()
    here.release({0, 1})
    key = UUID(int=1)
    assert len(here.shards) == 1022
    assert here.epoch_of(key) is None
    assert here.epoch_held(key) == 1, "what was begun is settled still"

    clock.now += RELEASE_S

    assert len(here.shards) == 1024
    assert here.epoch_of(key) == 1


async def test_a_shard_that_left_and_came_back_is_no_longer_let_go(
    database: Database, ownership: builders.Ownership
) -> None:
    await ownership.give(Host("host-a:1", database))
    lost: list[set[int]] = []
    here = Ownership(database, "host-a:1", lost.append, clock=Clock())
    await here.refresh()
    here.release({1})
    await ownership.give(Host("host-b:1", database), UUID(int=1))
    await ownership.give(Host("host-a:1", database), UUID(int=1))

    await here.refresh()
    assert lost == [{1}]
    assert here.epoch_of(UUID(int=1)) == 3
