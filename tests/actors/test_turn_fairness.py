"""Turns wait in a line that is fair between tenants: capped, cancellable, and never lost."""

import asyncio
from collections import Counter
from dataclasses import replace
from uuid import UUID, uuid4

import pytest

from niochat.actors.turn_scheduler import TurnScheduler
from niochat.assistant.turn_messages import TurnReport, TurnRequest
from niochat.conversations.step.step_types import MemoryCommand
from niochat.domain.conversation import commands as cmd
from niochat.domain.ids import TurnId
from niochat.runtime.fairness.adaptive_rate import AdaptiveRateLimiter
from niochat.runtime.fairness.fair_limiter import LaneQuota
from tests.cluster.hosts.in_memory_cluster import (
    FakeAssistantPool,
    build_reply,
    raise_lost_replica,
    wait_then_reply,
)

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(30)]

NOISY, QUIET = UUID(int=1), UUID(int=2)


class TurnQueueFixture:
    """Turns of many tenants on a pool of few places; each ends when the test says so."""

    def __init__(self, places: int, *, at_once: int = 1000, waiting: int = 10_000) -> None:
        self.gate, self.pool = asyncio.Event(), FakeAssistantPool()
        self.waits: dict[UUID, list[float]] = {}
        self.heard: list[MemoryCommand] = []
        self.pace = AdaptiveRateLimiter()
        self.pace.rate = 1_000_000.0
        self.turns = TurnScheduler(
            self.pool,
            self._lease,
            lambda *_: None,
            lambda _, command: self.heard.append(command),
            rate_limiter=self.pace,
            quota_for=lambda tenant: LaneQuota(1.0, at_once),
            capacity=places,
            max_waiting=waiting,
            restart_backoff_s=0,
        )

    async def _lease(self, tenant: UUID) -> float:
        waits = self.waits.get(tenant, [])
        return waits.pop(0) if waits else 0.0

    def start(self, tenant: UUID, attempt: int = 1, turn: UUID | None = None) -> TurnId:
        turn = turn or uuid4()
        self.pool.doing.append(wait_then_reply(self.gate))
        self.turns.schedule_recovered(uuid4(), TurnRequest(tenant, uuid4(), turn, attempt, 1, "1"))
        return TurnId(turn)

    async def begun(self, count: int) -> Counter[UUID]:
        """Whose turns the pool has, once there are so many."""
        async with asyncio.timeout(10):
            while len(self.pool.requests) < count:
                await asyncio.sleep(0)
        for _ in range(5):
            await asyncio.sleep(0)
        return Counter(request.tenant_id for request in self.pool.requests)

    async def ended(self) -> None:
        self.gate.set()
        async with asyncio.timeout(10):
            while len(self.turns):
                await asyncio.sleep(0)


async def test_a_noisy_tenant_leaves_places_and_what_waits_goes_in_turn() -> None:
    line = TurnQueueFixture(10)
    for _ in range(500):
        line.start(NOISY)
    assert await line.begun(8) == {NOISY: 8}
    for _ in range(3):
        line.start(QUIET)
    assert await line.begun(10) == {NOISY: 8, QUIET: 2}

    await line.ended()

    order = [request.tenant_id for request in line.pool.requests]
    assert order.index(QUIET) == 8
    assert order[:14].count(QUIET) == 3
    assert len(line.heard) == 503


async def test_no_tenant_runs_more_turns_at_once_than_its_cap() -> None:
    line = TurnQueueFixture(100, at_once=3)
    for _ in range(20):
        line.start(NOISY)

    assert await line.begun(3) == {NOISY: 3}
    (held,) = line.turns.constrained_lanes()
    assert (held.lane, held.waiting) == (NOISY, 17)
    await line.ended()
    assert line.turns.constrained_lanes() == []


async def test_a_turn_that_is_cancelled_in_line_never_begins_and_keeps_no_place() -> None:
    line = TurnQueueFixture(1)
    first, second, third = (line.start(NOISY) for _ in range(3))
    await line.begun(1)
    line.turns.cancel(second)
    line.turns.cancel(first)
    line.gate.set()
    await line.ended()

    assert [request.turn_id for request in line.pool.requests] == [first, third]
    assert len(line.heard) == 1


async def test_a_turn_that_is_cancelled_before_its_first_tick_keeps_no_place() -> None:
    line = TurnQueueFixture(1)
    line.turns.cancel(line.start(NOISY))
    line.start(NOISY)

    assert await line.begun(1) == {NOISY: 1}
    await line.ended()


async def test_the_next_attempt_takes_the_place_in_line_of_the_one_before() -> None:
    line = TurnQueueFixture(1)
    line.start(QUIET)
    await line.begun(1)
    turn = line.start(NOISY)
    line.start(NOISY, attempt=2, turn=turn)
    assert line.turns.is_running(turn, 2)
    assert not line.turns.is_running(turn, 1)

    await line.ended()

    assert [r.attempt for r in line.pool.requests if r.turn_id == turn] == [2]


async def test_a_tenant_whose_rate_is_used_up_holds_no_place_meanwhile() -> None:
    line = TurnQueueFixture(2)
    line.waits[NOISY] = [0.05] * 4
    for _ in range(5):
        line.start(NOISY)
    line.start(QUIET)

    assert (await line.begun(1))[QUIET] == 1
    line.gate.set()
    await line.ended()
    assert len(line.heard) == 6


async def test_a_lost_replica_holds_no_place_while_a_new_one_comes() -> None:
    line = TurnQueueFixture(1)
    line.turns._restart_backoff_s = 30
    line.pool.doing = [raise_lost_replica, build_reply]
    for tenant in (NOISY, QUIET):
        line.turns.schedule_recovered(uuid4(), TurnRequest(tenant, uuid4(), uuid4(), 1, 1, "1"))

    async with asyncio.timeout(5):
        while not line.heard:
            await asyncio.sleep(0.001)
    assert isinstance(line.heard[0], cmd.FinishAssistantTurn)


async def test_a_turn_beyond_capacity_is_dropped_and_starts_when_offered_again() -> None:
    line = TurnQueueFixture(1, waiting=2)
    for _ in range(3):
        line.start(NOISY)
    assert not line.turns.has_overflowed
    late = line.start(NOISY)
    assert line.turns.has_overflowed
    assert not line.turns.is_running(late, 1)

    await line.ended()
    line.start(NOISY, turn=late)
    await line.ended()

    assert line.pool.requests[-1].turn_id == late


async def test_a_smaller_pool_lets_run_what_runs() -> None:
    line = TurnQueueFixture(10)
    for _ in range(12):
        line.start(QUIET)
        line.start(NOISY)
    await line.begun(10)
    line.turns.set_capacity(2)
    line.gate.set()
    await line.ended()

    assert len(line.heard) == 24
    assert not line.pool.cancelled


async def busy(request: TurnRequest) -> TurnReport:
    """From a replica whose machine has much more to do than it can."""
    return replace(await build_reply(request), pressure=1.0)


@pytest.mark.parametrize(("tenants", "slower"), [((NOISY, QUIET), True), ((NOISY,), False)])
async def test_a_tenant_begins_its_turns_slower_while_machines_are_busy_and_others_would_notice(
    tenants: tuple[UUID, ...], slower: bool
) -> None:
    line = TurnQueueFixture(100)
    for tenant in tenants:
        line.pool.doing.append(busy)
        line.turns.schedule_recovered(uuid4(), TurnRequest(tenant, uuid4(), uuid4(), 1, 1, "1"))
    await line.ended()
    line.pace.adjust(0.0, 1.0)  # hears of the busy replica
    line.gate.clear()
    line.pool.requests.clear()

    for _ in range(50):
        line.start(NOISY)
    begun = (await line.begun(1))[NOISY]

    assert begun == (1 if slower else 50)
    assert line.turns.is_rate_limited(NOISY) is slower
    assert line.turns.max_new_conversations(NOISY, 32) == (0 if slower else None)
    if slower:
        line.start(QUIET)
        assert (await line.begun(2))[QUIET] == 1, "who asks for little does not wait"
    for turn in list(line.turns.turn_ids()):
        line.turns.cancel(turn)
