"""Each turn has one task that sees its end; a tenant's rate is waited for, never in the way."""

import asyncio
from uuid import UUID, uuid4

import pytest

from niochat.actors.tenant_actor import MAX_GRANT_TURNS, TurnGrant
from niochat.actors.turn_grants import TurnGrantClient
from niochat.actors.turn_scheduler import TurnScheduler
from niochat.conversations.step.step_types import MemoryCommand, ThreadSnapshot
from niochat.domain.conversation import commands as cmd
from niochat.domain.conversation import events as e
from niochat.domain.conversation.effects import RunTurnEffect
from niochat.domain.conversation.evolve import evolve
from niochat.domain.errors import UnavailableError
from niochat.domain.ids import ConversationId, ThreadId, TurnId
from niochat.runtime.address import ActorAddress
from niochat.runtime.fairness.adaptive_rate import AdaptiveRateLimiter
from tests.cluster.hosts.in_memory_cluster import (
    FakeAssistantPool,
    build_reply,
    raise_lost_replica,
    wait_then_reply,
)

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(10)]


class PoolRecorder:
    """Turns of one conversation, and what became of them."""

    def __init__(self, *waits: float) -> None:
        self.waits = list(waits)
        self.pool = FakeAssistantPool()
        self.heard: asyncio.Queue[MemoryCommand] = asyncio.Queue()
        self.throttled: list[tuple[UUID, float]] = []
        self.turns = TurnScheduler(
            self.pool,
            self._lease,
            lambda tenant, seconds: self.throttled.append((tenant, seconds)),
            lambda thread, command: self.heard.put_nowait(command),
            rate_limiter=AdaptiveRateLimiter(),
            restart_backoff_s=0,
        )
        opened = e.ConversationOpened(ConversationId(uuid4()), "20260302000001")
        self.thread = ThreadSnapshot(ThreadId(uuid4()), uuid4(), uuid4(), evolve(None, opened))
        self.turn = TurnId(uuid4())

    async def _lease(self, tenant: UUID) -> float:
        return self.waits.pop(0) if self.waits else 0.0

    def start(self, attempt: int = 1) -> None:
        self.turns.schedule(self.thread, RunTurnEffect(self.turn, attempt, upto_version=7))

    async def hears(self) -> MemoryCommand:
        return await asyncio.wait_for(self.heard.get(), 5)


async def test_a_turn_is_asked_with_what_it_needs_and_its_end_is_a_command() -> None:
    watch = PoolRecorder()
    watch.start()
    assert watch.turns.is_running(watch.turn, 1)
    assert not watch.turns.is_running(watch.turn, 2)

    finish = await watch.hears()

    assert isinstance(finish, cmd.FinishAssistantTurn)
    assert [said.text for said in finish.replies] == ["resposta 1"]
    (request,) = watch.pool.requests
    assert (request.tenant_id, request.turn_id) == (watch.thread.tenant_id, watch.turn)
    assert (request.upto_version, request.protocol) == (7, "20260302000001")
    await asyncio.sleep(0)
    assert len(watch.turns) == 0


async def test_a_lost_replica_means_the_same_turn_again() -> None:
    watch = PoolRecorder()
    watch.pool.doing = [raise_lost_replica]
    watch.start(attempt=2)

    assert await watch.hears() == cmd.RestartTurn(watch.turn, 2)


async def test_a_cancelled_turn_is_cancelled_in_the_pool_and_says_nothing() -> None:
    watch = PoolRecorder()
    watch.pool.doing = [wait_then_reply(asyncio.Event())]
    watch.start()
    await watch.pool.called.wait()

    watch.turns.cancel(watch.turn)
    watch.turns.cancel(watch.turn)

    async with asyncio.timeout(5):
        while not watch.pool.cancelled:
            await asyncio.sleep(0)
    assert watch.heard.empty()
    assert len(watch.turns) == 0


async def test_another_attempt_ends_the_one_before() -> None:
    watch = PoolRecorder()
    watch.pool.doing = [wait_then_reply(asyncio.Event())]
    watch.start()
    await watch.pool.called.wait()
    watch.start(attempt=2)

    finish = await watch.hears()

    assert isinstance(finish, cmd.FinishAssistantTurn)
    assert finish.attempt == 2
    assert [request.attempt for request in watch.pool.cancelled] == [1]
    assert watch.heard.empty()


async def test_a_turn_waits_for_its_place_in_the_rate() -> None:
    watch = PoolRecorder(0.01, 0.01)
    watch.start()

    await watch.hears()

    assert watch.waits == []


async def test_a_models_retry_after_reaches_the_tenants_actor() -> None:
    watch = PoolRecorder()
    watch.pool.doing = [lambda request: build_reply(request, throttle_s=9.0)]
    watch.start()
    await watch.hears()

    assert watch.throttled == [(watch.thread.tenant_id, 9.0)]


async def test_a_pool_that_never_answers_fails_the_turn_with_its_code() -> None:
    async def slow(request: object) -> None:
        raise TimeoutError

    watch = PoolRecorder()
    watch.pool.doing = [slow]  # type: ignore[list-item]
    watch.start()
    finish = await watch.hears()

    assert isinstance(finish, cmd.FinishAssistantTurn)
    assert (finish.outcome, finish.code) == (cmd.TurnOutcome.FAILED, "turn_timed_out")


class FakeTenantClient:
    """Stands for the tenants' actors."""

    def __init__(self, *grants: TurnGrant | Exception) -> None:
        self.grants, self.asked = list(grants), 0

    async def __call__(self, address: ActorAddress, payload: object) -> object:
        self.asked += 1
        await asyncio.sleep(0)
        grant = self.grants.pop(0)
        if isinstance(grant, Exception):
            raise grant
        return grant


async def test_a_block_is_used_up_before_the_tenant_is_asked_again() -> None:
    tenants, tenant = FakeTenantClient(TurnGrant(MAX_GRANT_TURNS, 0.0), TurnGrant(0, 3.0)), uuid4()
    leases = TurnGrantClient(tenants)

    assert [await leases.acquire(tenant) for _ in range(MAX_GRANT_TURNS)] == [0.0] * MAX_GRANT_TURNS
    assert tenants.asked == 1
    assert await leases.acquire(tenant) == 3.0


async def test_turns_that_ask_at_once_use_what_was_granted_and_no_more() -> None:
    tenants, tenant = FakeTenantClient(TurnGrant(2, 0.0), *[TurnGrant(0, 5.0)] * 9), uuid4()
    leases = TurnGrantClient(tenants)

    waits = await asyncio.gather(*(leases.acquire(tenant) for _ in range(4)))

    assert sorted([*waits, await leases.acquire(tenant)]) == pytest.approx([0, 0, 5, 5, 5], abs=1)
    assert tenants.asked == 2, "who waits does not ask what another one was told just now"


async def test_when_the_tenants_actor_is_away_turns_go_on() -> None:
    leases, tenant = (
        TurnGrantClient(FakeTenantClient(*[UnavailableError("away", code="host")] * 3)),
        uuid4(),
    )

    assert [await leases.acquire(tenant) for _ in range(3)] == [0.0] * 3


async def test_after_a_throttle_what_was_granted_before_does_not_count() -> None:
    tenants, tenant = FakeTenantClient(TurnGrant(5, 0.0), TurnGrant(0, 8.0)), uuid4()
    leases = TurnGrantClient(tenants)
    await leases.acquire(tenant)
    leases.invalidate(tenant)

    assert await leases.acquire(tenant) == 8.0


async def test_a_wait_is_never_so_short_that_asking_becomes_a_loop() -> None:
    assert await TurnGrantClient(FakeTenantClient(TurnGrant(0, 0.0))).acquire(uuid4()) >= 0.05
