"""Places are given out fairly, never more than there are, and none is lost to a cancellation."""

import asyncio
from collections import Counter
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from niochat.domain.errors import UnavailableError
from niochat.runtime.slots import Gate, Share, Slots

pytestmark = pytest.mark.timeout(60)

A, B, C = LANES = [UUID(int=number) for number in range(3)]


def started(slots: Slots[int]) -> list[tuple[UUID | None, int]]:
    found = []
    while (one := slots.start()) is not None:
        found.append(one)
    return found


def test_a_lane_alone_leaves_places_for_who_comes_next() -> None:
    slots: Slots[int] = Slots(10, waiting=100)
    for item in range(50):
        slots.enter(A, item)
    assert len(started(slots)) == 8

    slots.enter(B, 0)

    assert started(slots) == [(B, 0)]


def test_a_lane_never_has_more_than_its_cap() -> None:
    slots: Slots[int] = Slots(100, waiting=100)
    for item in range(9):
        slots.enter(A, item, Share(at_once=3))
    assert len(started(slots)) == 3
    slots.leave(A)

    assert started(slots) == [(A, 3)]


def test_free_places_go_by_weight() -> None:
    slots: Slots[int] = Slots(1, waiting=1000)
    for item in range(300):
        slots.enter(A, item, Share(weight=4))
        slots.enter(B, item, Share(weight=1))
    served: Counter[UUID | None] = Counter()
    for _ in range(100):
        ((lane, _),) = started(slots)
        served[lane] += 1
        slots.leave(lane)

    assert abs(served[A] - 80) <= 1


def test_what_does_not_fit_is_refused_and_who_had_a_place_comes_back_first() -> None:
    slots: Slots[int] = Slots(1, waiting=2)
    assert slots.enter(A, 1)
    assert started(slots) == [(A, 1)]
    assert [slots.enter(A, item) for item in (2, 3, 4)] == [True, True, False]
    slots.leave(A)
    assert slots.enter(A, 1, again=True)

    assert started(slots) == [(A, 1)]


def test_a_lane_that_is_held_back_is_shown_since_when_and_how_many_wait() -> None:
    now = [5.0]
    slots: Slots[int] = Slots(10, waiting=100, clock=lambda: now[0])
    for item in range(4):
        slots.enter(A, item, Share(at_once=2))
    slots.enter(B, 0)
    started(slots)
    now[0] = 9.0
    slots.enter(C, 0)
    assert slots.hold(C)
    assert not slots.hold(C)

    assert [(c.lane, c.since, c.waiting, c.held) for c in slots.constrained()] == [
        (A, 5.0, 2, False),
        (C, 9.0, 1, True),
    ]
    slots.leave(A)
    slots.leave(A)
    slots.free(C)
    started(slots)
    assert slots.constrained() == []


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
def test_whatever_happens_places_are_counted_right(doings: list[tuple[str, UUID, int]]) -> None:
    slots: Slots[int] = Slots(4, waiting=6)
    inside: Counter[UUID] = Counter()
    for doing, lane, number in doings:
        do(slots, inside, doing, lane, number)
        assert slots.taken == inside.total()
        assert max(inside.values(), default=0) <= 2
        assert len(slots) <= 6
    slots.capacity = 4
    for lane in LANES:
        slots.free(lane)
        for _ in range(inside.pop(lane, 0)):
            slots.leave(lane)
    while (found := slots.start()) is not None:
        slots.leave(found[0])
    assert (len(slots), slots.taken, slots.constrained()) == (0, 0, [])
    assert not slots._uses


def do(slots: Slots[int], inside: Counter[UUID], doing: str, lane: UUID, number: int) -> None:
    match doing:
        case "enter":
            slots.enter(lane, number, Share(at_once=2))
        case "start":
            inside.update(each for each, _ in [slots.start() or (None, 0)] if each is not None)
        case "leave" if inside[lane]:
            slots.leave(lane)
            inside[lane] -= 1
        case "withdraw":
            slots.withdraw(lane, number)
        case "hold":
            slots.hold(lane)
        case "free":
            slots.free(lane)
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
        gate, inside, most = Gate(3, waiting=100), 0, 0

        async def one(lane: UUID, ticks: int) -> None:
            nonlocal inside, most
            async with gate.of(lane):
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
        assert (gate.slots.taken, len(gate.slots)) == (0, 0)

    asyncio.run(run())


@pytest.mark.asyncio
async def test_who_finds_the_line_full_is_told_at_once() -> None:
    gate, leave = Gate(1, waiting=1), asyncio.Event()

    async def one() -> None:
        async with gate.of(A):
            await leave.wait()

    tasks = [asyncio.create_task(one()) for _ in range(2)]
    await asyncio.sleep(0)
    with pytest.raises(UnavailableError) as refused:
        await one()
    leave.set()
    await asyncio.gather(*tasks)

    assert refused.value.code == "crowded"
