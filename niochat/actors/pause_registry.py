"""The conversations that take no steps on this host, and what is kept for them meanwhile."""

import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from uuid import UUID

from niochat.conversations.pauses import PauseStore
from niochat.conversations.step.step_types import MemoryCommand

MAX_BUFFERED_MESSAGES = 20
"""Messages kept for one paused actor. Each stands for a row (turn, send) that is found again
without it, so more than a few would only cost memory.
"""

ResumeThread = Callable[[UUID, Sequence[MemoryCommand]], None]
"""Gives a thread back what was kept for it, and wakes it."""


class PauseRegistry:
    """What the rows said when they were last read. Read before shards are, so none slips by."""

    def __init__(
        self,
        pauses: PauseStore,
        resume: ResumeThread,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._pauses = pauses
        self._resume = resume
        self._clock = clock
        self._until: dict[UUID, float] = {}
        self._buffered: defaultdict[UUID, list[MemoryCommand]] = defaultdict(list)

    def is_paused(self, thread_id: UUID) -> bool:
        """Whether the thread's actor takes no steps now."""
        return bool(self._until) and self._until.get(thread_id, 0.0) > self._clock()

    def buffer_messages(self, thread_id: UUID, messages: Sequence[MemoryCommand]) -> None:
        """Put aside what came for a paused actor, the oldest ones up to the limit."""
        kept = self._buffered[thread_id]
        kept.extend(messages[: MAX_BUFFERED_MESSAGES - len(kept)])

    async def refresh(self) -> None:
        """Read the rows; who is not paused any more goes on. Raises ``UnavailableError``."""
        left = await self._pauses.list_pauses()
        now = self._clock()
        before, self._until = self._until, {key: now + each for key, each in left.items()}
        for thread_id in before.keys() - self._until.keys():
            self._resume(thread_id, self._buffered.pop(thread_id, []))
