"""Many callers, one statement: groups form by themselves, and nobody disturbs another."""

import asyncio
from collections.abc import Sequence

import pytest

from niochat.runtime.batcher import Batcher

pytestmark = pytest.mark.asyncio


class Flushes:
    """Doubles each item; keeps the groups; waits for ``gate``; refuses what is negative."""

    def __init__(self) -> None:
        self.groups: list[list[int]] = []
        self.gate = asyncio.Event()
        self.gate.set()

    async def __call__(self, items: Sequence[int]) -> Sequence[int | Exception]:
        self.groups.append(list(items))
        await self.gate.wait()
        if min(items) < 0:
            raise ValueError(str(min(items)))
        return [item * 2 for item in items]


async def test_without_load_every_item_travels_alone_and_at_once() -> None:
    flushes = Flushes()
    grouper = Batcher(flushes)

    assert [await grouper.submit(n) for n in (1, 2)] == [2, 4]
    assert flushes.groups == [[1], [2]]


async def test_inserts_of_one_tick_share_a_statement_and_each_gets_its_own_result() -> None:
    flushes = Flushes()
    grouper = Batcher(flushes)

    assert await asyncio.gather(*(grouper.submit(n) for n in range(5))) == [0, 2, 4, 6, 8]
    assert flushes.groups == [[0, 1, 2, 3, 4]]


async def test_a_group_has_a_limit_and_no_more_run_at_once_than_allowed() -> None:
    flushes = Flushes()
    grouper = Batcher(flushes, limit=3, parallel=2)
    flushes.gate.clear()

    waiting = [asyncio.ensure_future(grouper.submit(n)) for n in range(10)]
    for _ in range(5):
        await asyncio.sleep(0)
    assert flushes.groups == [[0, 1, 2], [3, 4, 5]]
    flushes.gate.set()

    assert await asyncio.gather(*waiting) == [n * 2 for n in range(10)]


async def test_one_bad_item_fails_alone() -> None:
    grouper = Batcher(Flushes())

    answers = await asyncio.gather(*map(grouper.submit, (1, -1, 2)), return_exceptions=True)

    assert [answers[0], answers[2]] == [2, 4]
    assert isinstance(answers[1], ValueError)


async def test_a_common_error_reaches_every_caller_without_single_retries() -> None:
    flushes = Flushes()
    grouper = Batcher(flushes, retry_individually_if=lambda error: False)

    answers = await asyncio.gather(*map(grouper.submit, (1, -1)), return_exceptions=True)

    assert all(isinstance(answer, ValueError) for answer in answers)
    assert len(flushes.groups) == 1


@pytest.mark.parametrize("when", ["before the flush", "during the flush"])
async def test_a_waiter_that_is_cancelled_never_stops_the_loop(when: str) -> None:
    flushes = Flushes()
    grouper = Batcher(flushes)
    flushes.gate.clear()
    gone, stays = (asyncio.ensure_future(grouper.submit(n)) for n in (1, 2))
    for _ in range(1 if when == "before the flush" else 5):
        await asyncio.sleep(0)
    gone.cancel()
    flushes.gate.set()

    assert await stays == 4
    assert await grouper.submit(3) == 6
    assert flushes.groups[0] == [1, 2], "its item is stored all the same"


async def test_a_cancelled_waiter_whose_group_fails_disturbs_nobody() -> None:
    flushes = Flushes()
    grouper = Batcher(flushes)
    flushes.gate.clear()
    gone, stays = (asyncio.ensure_future(grouper.submit(n)) for n in (-1, 2))
    for _ in range(3):
        await asyncio.sleep(0)
    gone.cancel()
    flushes.gate.set()

    assert await stays == 4


async def test_a_caller_that_submits_again_in_the_tick_of_its_result_is_served() -> None:
    grouper = Batcher(Flushes(), parallel=1)

    async with asyncio.timeout(5):
        assert [await grouper.submit(n) for n in range(50)] == [n * 2 for n in range(50)]
