"""What gathers has a bound: what does not fit is refused or dropped, not kept."""

import asyncio
from collections.abc import Sequence

import pytest

from niochat.domain.errors import UnavailableError
from niochat.runtime.background_tasks import BackgroundTaskSet
from niochat.runtime.batcher import Batcher

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(20)]


async def test_an_item_that_finds_too_many_waiting_is_refused_and_the_others_are_not() -> None:
    gate = asyncio.Event()

    async def flush(items: Sequence[int]) -> Sequence[int]:
        await gate.wait()
        return items

    grouper: Batcher[int, int] = Batcher(flush, limit=2, parallel=1, max_waiting=3)
    tasks = [asyncio.create_task(grouper.submit(number)) for number in range(3)]
    await asyncio.sleep(0)
    with pytest.raises(UnavailableError) as refused:
        await grouper.submit(3)
    gate.set()

    assert refused.value.code == "crowded"
    assert await asyncio.gather(*tasks) == [0, 1, 2]
    assert await grouper.submit(4) == 4


async def test_a_hint_that_finds_too_many_on_their_way_is_dropped() -> None:
    owner, gate = BackgroundTaskSet("test"), asyncio.Event()
    told: list[int] = []

    async def tell(number: int) -> None:
        await gate.wait()
        told.append(number)

    taken = [owner.try_start(lambda number=number: tell(number), 2) for number in range(4)]  # type: ignore[misc]
    gate.set()
    async with asyncio.timeout(5):
        while len(told) < 2:
            await asyncio.sleep(0)

    assert taken == [True, True, False, False]
