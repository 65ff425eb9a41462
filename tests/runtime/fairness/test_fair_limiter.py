"""Places are given out fairly, never more than there are, and none is lost to a cancellation."""

import asyncio
from collections import Counter
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from niochat.domain.errors import UnavailableError
from niochat.runtime.fairness.fair_limiter import FairLimiter, FairSemaphore, LaneQuota

pytestmark = pytest.mark.timeout(60)

A, B, C = LANES = [UUID(int=number) for number in range(3)]


def started(slots: FairLimiter[int]) -> list[tuple[UUID | None, int]]:
    found = []
    while (one := slots.admit_next()) is not None:
        found.append(one)
    return found


def test_a_lane_alone_leaves_places_for_who_comes_next() -> None:
    slots: FairLimiter[int] = FairLimiter(10, max_waiting=100)
    for item in range(50):
        slots.enqueue(A, item)
    assert len(started(slots)) == 8

    slots.enqueue(B, 0)

    assert started(slots) == [(B, 0)]


def test_a_lane_never_has_more_than_its_cap() -> None:
    slots: FairLimiter[int] = FairLimiter(100, max_waiting=100)
    for item in range(9):
        slots.enqueue(A, item, LaneQuota(max_concurrent=3))
    assert len(started(slots)) == 3
    slots.release(A)

    assert started(slots) == [(A, 3)]


def test_free_places_go_by_weight() -> None:
    slots: FairLimiter[int] = FairLimiter(1, max_waiting=1000)
    for item in range(300):
        slots.enqueue(A, item, LaneQuota(weight=4))
        slots.enqueue(B, item, LaneQuota(weight=1))
    served: Counter[UUID | None] = Counter()
    for _ in range(100):
        ((lane, _),) = started(slots)
        served[lane] += 1
        slots.release(lane)

    assert abs(served[A] - 80) <= 1


def test_overflow_is_rejected_and_previous_holders_return_first() -> None:
    slots: FairLimiter[int] = FairLimiter(1, max_waiting=2)
    assert slots.enqueue(A, 1)
    assert started(slots) == [(A, 1)]
    assert [slots.enqueue(A, item) for item in (2, 3, 4)] == [True, True, False]
    slots.release(A)
    assert slots.enqueue(A, 1, in_front=True)

    assert started(slots) == [(A, 1)]


def test_a_lane_that_is_held_back_is_shown_since_when_and_how_many_wait() -> None:
    now = [5.0]
    slots: FairLimiter[int] = FairLimiter(10, max_waiting=100, clock=lambda: now[0])
    for item in range(4):
        slots.enqueue(A, item, LaneQuota(max_concurrent=2))
    slots.enqueue(B, 0)
    started(slots)
    now[0] = 9.0
    slots.enqueue(C, 0)
    assert slots.block(C)
    assert not slots.block(C)

    assert [(c.lane, c.since, c.waiting, c.is_blocked) for c in slots.constrained_lanes()] == [
        (A, 5.0, 2, False),
        (C, 9.0, 1, True),
    ]
    slots.release(A)
    slots.release(A)
    slots.unblock(C)
    started(slots)
    assert slots.constrained_lanes() == []


@settings(max_examples=200)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["enter", "start", "leave", "withdraw", "hold", "free", "resize"]),
            st.sampled_from(LANES),
            st.integers(0, 9),
        ),
        max_size=100,
    )
)
def test_slots_are_counted_right_under_random_events(doings: list[tuple[str, UUID, int]]) -> None:
    slots: FairLimiter[int] = FairLimiter(4, max_waiting=6)
    inside: Counter[UUID] = Counter()
    for doing, lane, number in doings:
        do(slots, inside, doing, lane, number)
        assert slots.taken == inside.total()
        assert max(inside.values(), default=0) <= 2
        assert len(slots) <= 6
    slots.capacity = 4
    for lane in LANES:
        slots.unblock(lane)
        for _ in range(inside.pop(lane, 0)):
            slots.release(lane)
    while (found := slots.admit_next()) is not None:
        slots.release(found[0])
    assert (len(slots), slots.taken, slots.constrained_lanes()) == (0, 0, [])
    assert not slots._usage


def do(slots: FairLimiter[int], inside: Counter[UUID], doing: str, lane: UUID, number: int) -> None:
    match doing:
        case "enter":
            slots.enqueue(lane, number, LaneQuota(max_concurrent=2))
        case "start":
            inside.update(each for each, _ in [slots.admit_next() or (None, 0)] if each is not None)
        case "leave" if inside[lane]:
            slots.release(lane)
            inside[lane] -= 1
        case "withdraw":
            slots.withdraw(lane, number)
        case "hold":
            slots.block(lane)
        case "free":
            slots.unblock(lane)
        case _:
            slots.capacity = max(number, 1)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from(LANES), st.integers(0, 4)), min_size=1, max_size=25),
    st.lists(st.tuples(st.integers(0, 24), st.integers(0, 6)), max_size=12),
)
def test_a_cancellation_never_takes_a_place_with_it(
    work: list[tuple[UUID, int]], cancels: list[tuple[int, int]]
) -> None:
    async def run() -> None:
        gate, inside, most = FairSemaphore(3, max_waiting=100), 0, 0

        async def one(lane: UUID, ticks: int) -> None:
            nonlocal inside, most
            async with gate.acquire(lane):
                inside += 1
                most = max(most, inside)
                try:
                    for _ in range(ticks):
                        await asyncio.sleep(0)
                finally:
                    inside -= 1

        tasks = [asyncio.create_task(one(lane, ticks)) for lane, ticks in work]
        for which, ticks in cancels:
            for _ in range(ticks):
                await asyncio.sleep(0)
            if which < len(tasks):
                tasks[which].cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        assert most <= 3
        assert (gate.limiter.taken, len(gate.limiter)) == (0, 0)

    asyncio.run(run())


@pytest.mark.asyncio
async def test_a_full_queue_rejects_at_once() -> None:
    gate, leave = FairSemaphore(1, max_waiting=1), asyncio.Event()

    async def one() -> None:
        async with gate.acquire(A):
            await leave.wait()

    tasks = [asyncio.create_task(one()) for _ in range(2)]
    await asyncio.sleep(0)
    with pytest.raises(UnavailableError) as refused:
        await one()
    leave.set()
    await asyncio.gather(*tasks)

    assert refused.value.code == "crowded"
