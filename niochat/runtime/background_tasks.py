"""Background tasks whose failures are logged."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import structlog

_log = structlog.get_logger(__name__)


class BackgroundTaskSet:
    """Keeps tasks alive until they end, and logs what they raise."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._tasks: set[asyncio.Task[Any]] = set()

    def start(self, work: Coroutine[Any, Any, Any]) -> "asyncio.Task[Any]":
        """Start ``work`` now."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._on_done)
        return task

    def try_start(self, work: Callable[[], Coroutine[Any, Any, Any]], limit: int) -> bool:
        """Start ``work`` unless ``limit`` tasks run. For hints, which may be dropped."""
        if len(self._tasks) >= limit:
            return False
        self.start(work())
        return True

    def cancel_all(self) -> None:
        """Cancel all tasks in progress."""
        for task in list(self._tasks):
            task.cancel()

    def _on_done(self, task: "asyncio.Task[Any]") -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            _log.error("task_failed", owner=self._name, exc_info=task.exception())
