"""Many callers share one statement, and none of them pays for another's mistake."""

import asyncio
from collections.abc import Sequence

import pytest

from niochat.domain.errors import UnavailableError
from niochat.runtime.batcher import Batcher

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(10)]


class FakeStatement:
    """Doubles numbers; ``gate`` holds it back, ``bad`` numbers break every group they are in."""

    def __init__(self, *bad: int) -> None:
        self.bad = set(bad)
        self.groups: list[list[int]] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.running = self.most = 0

    async def __call__(self, items: Sequence[int]) -> list[int]:
        self.groups.append(list(items))
        self.running += 1
        self.most = max(self.most, self.running)
        try:
            await self.gate.wait()
            await asyncio.sleep(0)
            if self.bad & set(items):
                raise ValueError("a bad item")
            return [2 * item for item in items]
        finally:
            self.running -= 1


async def held(statement: FakeStatement, grouper: Batcher[int, int], *items: int) -> list[object]:
    """Submits ``items`` while a first one is on its way, so that they make one group."""
    statement.gate.clear()
    first = asyncio.create_task(grouper.submit(0))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    rest = [asyncio.create_task(grouper.submit(item)) for item in items]
    await asyncio.sleep(0)
    statement.gate.set()
    answers = await asyncio.gather(first, *rest, return_exceptions=True)
    return list(answers[1:])


async def test_waiting_items_share_a_flush_and_each_gets_its_own_result() -> None:
    statement = FakeStatement()

    answers = await held(statement, Batcher(statement, parallel=1), *range(1, 8))

    assert answers == [2, 4, 6, 8, 10, 12, 14]
    assert statement.groups == [[0], [1, 2, 3, 4, 5, 6, 7]]


async def test_one_bad_item_fails_alone() -> None:
    statement = FakeStatement(3)

    answers = await held(statement, Batcher(statement, parallel=1), 1, 2, 3, 4)

    assert [answers[0], answers[1], answers[3]] == [2, 4, 8]
    assert isinstance(answers[2], ValueError)


async def test_a_result_that_is_an_exception_is_raised_to_its_caller_alone() -> None:
    async def flush(items: Sequence[int]) -> list[int | Exception]:
        return [KeyError(item) if item == 2 else item for item in items]

    grouper: Batcher[int, int] = Batcher(flush)
    answers = await asyncio.gather(*map(grouper.submit, (1, 2, 3)), return_exceptions=True)

    assert (answers[0], answers[2]) == (1, 3)
    assert isinstance(answers[1], KeyError)


async def test_without_the_database_nobody_is_tried_alone() -> None:
    calls = 0

    async def flush(items: Sequence[int]) -> list[int]:
        nonlocal calls
        calls += 1
        raise UnavailableError("away")

    grouper: Batcher[int, int] = Batcher(
        flush, retry_individually_if=lambda error: not isinstance(error, UnavailableError)
    )
    answers = await asyncio.gather(*map(grouper.submit, range(50)), return_exceptions=True)

    assert all(isinstance(answer, UnavailableError) for answer in answers)
    assert calls <= 2


async def test_a_caller_who_goes_away_never_stops_the_loop() -> None:
    statement = FakeStatement()
    grouper = Batcher(statement, parallel=1)
    statement.gate.clear()
    gone = [asyncio.create_task(grouper.submit(n)) for n in range(5)]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    stays = asyncio.create_task(grouper.submit(9))
    await asyncio.sleep(0)
    for task in gone:
        task.cancel()
    statement.gate.set()

    assert await stays == 18
    assert await grouper.submit(10) == 20


async def test_a_flush_with_too_few_results_fails_every_caller_without_one() -> None:
    async def flush(items: Sequence[int]) -> list[int]:
        return []

    grouper: Batcher[int, int] = Batcher(flush)
    async with asyncio.timeout(2):
        answers = await asyncio.gather(grouper.submit(1), grouper.submit(2), return_exceptions=True)

    assert all(isinstance(answer, Exception) for answer in answers)


async def test_nothing_is_lost_under_a_thousand_concurrent_submits() -> None:
    statement = FakeStatement(*range(0, 1000, 97))
    grouper = Batcher(statement, limit=32, parallel=3)

    answers = await asyncio.gather(*map(grouper.submit, range(1000)), return_exceptions=True)

    assert len(answers) == 1000
    for item, answer in enumerate(answers):
        assert isinstance(answer, ValueError) if item in statement.bad else answer == 2 * item
    assert max(map(len, statement.groups)) <= 32


async def test_flushes_at_once_are_bounded() -> None:
    statement = FakeStatement()
    grouper = Batcher(statement, limit=4, parallel=3)

    await asyncio.gather(*map(grouper.submit, range(200)))

    assert statement.most == 3


@pytest.mark.parametrize("parallel", [1, 2, 3])
async def test_an_immediate_resubmission_is_not_lost(
    parallel: int,
) -> None:
    """The flush that answered has ended, but its task is not yet off the list."""
    statement = FakeStatement()
    grouper = Batcher(statement, limit=1, parallel=parallel)

    async def caller(turns: int) -> None:
        for item in range(turns):
            assert await grouper.submit(item) == 2 * item

    async with asyncio.timeout(5):
        await asyncio.gather(*(caller(turns) for turns in (50, 1, 2, 3)))
