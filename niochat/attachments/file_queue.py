"""A host's queue of files: a bounded number is processed at a time, fairly between tenants."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import UUID

import structlog

from niochat.domain.errors import NiochatError
from niochat.runtime.fairness.fair_limiter import FairLimiter, LaneQuota

_log = structlog.get_logger(__name__)

MAX_WAITING = 5_000
"""The most files that wait in one queue; a sweep finds the others by their rows."""


@dataclass(frozen=True, slots=True)
class FileRef:
    """A file of a tenant."""

    tenant_id: UUID
    file_id: UUID


class FileQueue:
    """Runs ``work`` once for each file that was enqueued; a failure is logged as ``event``.

    The queue is a hint: the row of a file records what is still to do.
    """

    def __init__(
        self,
        event: str,
        work: Callable[[FileRef], Coroutine[Any, Any, None]],
        *,
        max_concurrent: int,
        max_per_tenant: int,
    ) -> None:
        self._event = event
        self._work = work
        self._quota = LaneQuota(1.0, max_per_tenant)
        self._pending: set[FileRef] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._slots: FairLimiter[FileRef] = FairLimiter(max_concurrent, max_waiting=MAX_WAITING)

    def enqueue(self, file: FileRef) -> None:
        """Start the work as soon as there is a slot. A file that waits or runs already
        is not added again.
        """
        if file in self._pending:
            return
        if self._slots.enqueue(file.tenant_id, file, self._quota):
            self._pending.add(file)
            self._start_next()

    def _start_next(self) -> None:
        while (admitted := self._slots.admit_next()) is not None:
            _, file = admitted
            task = asyncio.get_running_loop().create_task(self._work(file))
            self._tasks.add(task)
            task.add_done_callback(partial(self._on_done, file))

    def _on_done(self, file: FileRef, task: "asyncio.Task[None]") -> None:
        self._tasks.discard(task)
        self._pending.discard(file)
        self._slots.release(file.tenant_id)
        error = None if task.cancelled() else task.exception()
        if isinstance(error, NiochatError):
            _log.warning(self._event, file=str(file.file_id), code=error.code)
        elif error is not None:
            _log.error(self._event, file=str(file.file_id), exc_info=error)
        self._start_next()
