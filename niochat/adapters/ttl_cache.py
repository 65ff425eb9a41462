"""A small cache for one event loop: short-lived, bounded, one load at a time for each key."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

Key = TypeVar("Key")
Value = TypeVar("Value")


class TtlCache(Generic[Key, Value]):
    """Caches the results of ``load``, also ``None``, for ``ttl_s``; errors are not cached.

    Holds at most ``limit`` entries and drops the least recently used one.
    """

    def __init__(
        self,
        load: Callable[[Key], Awaitable[Value]],
        *,
        ttl_s: float,
        limit: int,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._load = load
        self._ttl_s = ttl_s
        self._limit = limit
        self._clock = clock
        self._entries: OrderedDict[Key, tuple[float, Value]] = OrderedDict()
        self._loading: dict[Key, asyncio.Task[Value]] = {}

    def __len__(self) -> int:
        return len(self._entries)

    async def get(self, key: Key) -> Value:
        """The value, at most ``ttl_s`` old. Raises the exception of the load."""
        entry = self._entries.get(key)
        if entry is not None and self._clock() < entry[0]:
            self._entries.move_to_end(key)
            return entry[1]
        task = self._loading.get(key)
        if task is None:
            task = asyncio.get_running_loop().create_task(self._run_load(key))
            self._loading[key] = task
            task.add_done_callback(lambda done: self._store_result(key, done))
        # A caller that is cancelled must not cancel the load for the others.
        return await asyncio.shield(task)

    def invalidate(self, stale: Callable[[Key, Value], bool]) -> None:
        """Drop the entries that are ``stale``, and the result of every load in progress."""
        self._loading.clear()
        for key in [key for key, (_, value) in self._entries.items() if stale(key, value)]:
            del self._entries[key]

    async def _run_load(self, key: Key) -> Value:
        return await self._load(key)

    def _store_result(self, key: Key, task: "asyncio.Task[Value]") -> None:
        is_current = self._loading.get(key) is task
        if is_current:
            del self._loading[key]
        if task.cancelled() or task.exception() is not None or not is_current:
            return
        self._entries[key] = (self._clock() + self._ttl_s, task.result())
        self._entries.move_to_end(key)
        while len(self._entries) > self._limit:
            self._entries.popitem(last=False)
