"""Promises of the cache."""

import asyncio
from collections.abc import Callable

import pytest

from niochat.adapters.ttl_cache import TtlCache

pytestmark = pytest.mark.asyncio


class Source:
    """Counts its loads; they wait while ``gate`` is closed."""

    def __init__(self) -> None:
        self.loads: list[str] = []
        self.value: str | None = "one"
        self.error: Exception | None = None
        self.gate = asyncio.Event()
        self.gate.set()

    async def load(self, key: str) -> str | None:
        self.loads.append(key)
        value, error = self.value, self.error
        await self.gate.wait()
        if error:
            raise error
        return value


def made(source: Source, limit: int = 3, clock: Callable[[], float] = lambda: 0.0) -> "Kept":
    return TtlCache(source.load, ttl_s=5, limit=limit, clock=clock)


Kept = TtlCache[str, str | None]


async def turn() -> None:
    """Lets every task that is ready take a step."""
    for _ in range(3):
        await asyncio.sleep(0)


async def test_a_value_is_loaded_once_until_its_time_is_over() -> None:
    source, now = Source(), [0.0]
    cache = made(source, clock=lambda: now[0])

    for now[0] in (0.0, 4.9, 5.0, 9.9):
        assert await cache.get("a") == "one"

    assert source.loads == ["a", "a"]


async def test_missing_values_are_cached() -> None:
    source = Source()
    source.value = None
    cache = made(source)

    assert [await cache.get("a"), await cache.get("a")] == [None, None]
    assert source.loads == ["a"]


async def test_an_error_reaches_everybody_who_waits_and_is_not_kept() -> None:
    source = Source()
    cache = made(source)
    source.error = LookupError("away")

    both = await asyncio.gather(cache.get("a"), cache.get("a"), return_exceptions=True)
    source.error = None

    assert [type(each) for each in both] == [LookupError, LookupError]
    assert await cache.get("a") == "one"
    assert source.loads == ["a", "a"]


async def test_who_asks_at_the_same_time_shares_one_load() -> None:
    source = Source()
    cache = made(source)
    source.gate.clear()
    asking = [asyncio.ensure_future(cache.get("a")) for _ in range(50)]
    await turn()

    source.gate.set()

    assert await asyncio.gather(*asking) == ["one"] * 50
    assert source.loads == ["a"]


async def test_one_who_leaves_does_not_take_the_load_away_from_the_others() -> None:
    source = Source()
    cache = made(source)
    source.gate.clear()
    leaving, staying = (asyncio.ensure_future(cache.get("a")) for _ in range(2))
    await turn()

    leaving.cancel()
    await turn()
    source.gate.set()

    assert await staying == "one"
    assert source.loads == ["a"]


async def test_what_was_being_loaded_when_it_was_forgotten_is_not_kept() -> None:
    source = Source()
    cache = made(source)
    source.gate.clear()
    early = asyncio.ensure_future(cache.get("a"))
    await turn()

    cache.invalidate(lambda key, value: True)
    source.value = "two"
    late = asyncio.ensure_future(cache.get("a"))
    await turn()
    source.gate.set()

    assert [await early, await late] == ["one", "two"]
    assert await cache.get("a") == "two"
    assert source.loads == ["a", "a"]


async def test_it_forgets_what_it_is_told_to_and_no_more() -> None:
    source = Source()
    cache = made(source)
    for key in ("a", "b"):
        await cache.get(key)

    cache.invalidate(lambda key, value: key == "a" and value == "one")
    for key in ("a", "b"):
        await cache.get(key)

    assert source.loads == ["a", "b", "a"]


async def test_it_never_holds_more_than_its_limit_and_keeps_what_is_used() -> None:
    source = Source()
    cache = made(source, limit=3)

    for key in ("used", "b", "c", "used", "d", "used", "e", "used"):
        await cache.get(key)

    assert len(cache) == 3
    assert source.loads == ["used", "b", "c", "d", "e"]
