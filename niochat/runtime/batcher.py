"""Batches the items of many callers: those that wait at the same time share one flush."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import structlog

from niochat.domain.errors import UnavailableError

_log = structlog.get_logger(__name__)

Item = TypeVar("Item")
Result = TypeVar("Result")


@dataclass(slots=True)
class _Waiter(Generic[Item, Result]):
    item: Item
    future: "asyncio.Future[Result]"


class Batcher(Generic[Item, Result]):
    """Calls ``flush`` with the items that arrived while the previous flush was running.

    ``flush`` gets up to ``limit`` items and returns as many results, in the same order. A result
    that is an exception is raised to the caller of that item alone. A batch that raises is retried
    item by item, so that one bad item fails alone. A caller that was cancelled does not affect the
    others. No item is delayed to fill a batch: without load each one is a batch of its own. While
    ``max_waiting`` items wait, a further one is refused.
    """

    def __init__(
        self,
        flush: Callable[[Sequence[Item]], Awaitable[Sequence[Result | Exception]]],
        *,
        limit: int = 128,
        parallel: int = 2,
        max_waiting: int = 10_000,
        retry_individually_if: Callable[[Exception], bool] = lambda error: True,
    ) -> None:
        self._flush = flush
        self._limit = limit
        self._parallel = parallel
        self._max_waiting = max_waiting
        self._retry_individually_if = retry_individually_if
        self._waiting: deque[_Waiter[Item, Result]] = deque()
        self._running: set[asyncio.Task[None]] = set()

    async def submit(self, item: Item) -> Result:
        """The result of ``item``. Raises the exception that the flush returned for it.

        Raises ``UnavailableError`` (``crowded``) when too many items wait.
        """
        if len(self._waiting) >= self._max_waiting:
            raise UnavailableError("too many wait to be written", code="crowded")
        waiter: _Waiter[Item, Result] = _Waiter(item, asyncio.get_running_loop().create_future())
        self._waiting.append(waiter)
        self._start()
        return await waiter.future

    def _start(self) -> None:
        while self._waiting and len(self._running) < self._parallel:
            task = asyncio.get_running_loop().create_task(self._run())
            self._running.add(task)
            task.add_done_callback(self._ended)
            if len(self._waiting) <= self._limit:
                return

    def _ended(self, task: "asyncio.Task[None]") -> None:
        self._running.discard(task)
        if not task.cancelled() and task.exception() is not None:
            _log.error("group_failed", exc_info=task.exception())
        # A caller answered in this tick may have submitted again while the task still counted.
        self._start()

    async def _run(self) -> None:
        await asyncio.sleep(0)  # items submitted in this tick join the batch
        while self._waiting:
            count = min(self._limit, len(self._waiting))
            group = [self._waiting.popleft() for _ in range(count)]
            await self._flush_batch(group)

    async def _flush_batch(self, group: Sequence[_Waiter[Item, Result]]) -> None:
        try:
            results = await self._flush([waiter.item for waiter in group])
            if len(results) != len(group):
                raise ValueError(f"{len(results)} results for {len(group)} items")
        except Exception as error:  # noqa: BLE001 - every caller of the batch must get it
            if len(group) > 1 and self._retry_individually_if(error):
                for waiter in group:
                    await self._flush_batch([waiter])
                return
            results = [error] * len(group)
        for waiter, result in zip(group, results, strict=True):
            _resolve(waiter.future, result)


def _resolve(future: "asyncio.Future[Result]", result: Result | Exception) -> None:
    """Set the result unless the future is cancelled, which would raise and stop all callers."""
    if future.done():
        return
    if isinstance(result, Exception):
        future.set_exception(result)
    else:
        future.set_result(result)
