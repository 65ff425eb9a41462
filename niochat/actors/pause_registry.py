"""The pause registry: threads that take no steps on this host, and their buffered messages."""

import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from uuid import UUID

from niochat.conversations.pauses import ActorPauseStore
from niochat.conversations.step.step_types import MemoryCommand

MAX_BUFFERED_MESSAGES = 20
"""Messages buffered for one paused actor. The sweep finds the row of each (turn, send) again, so
more would only cost memory.
"""

ResumeThread = Callable[[UUID, Sequence[MemoryCommand]], None]
"""Returns the buffered messages to a thread's actor and wakes it."""


class ActorPauseRegistry:
    """The pauses of the last read. They are read before the shards are, so that a host knows every
    pause when it takes a shard over.
    """

    def __init__(
        self,
        pauses: ActorPauseStore,
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
        """Buffers messages for a paused actor, up to the limit; later ones are dropped."""
        buffered = self._buffered[thread_id]
        buffered.extend(messages[: MAX_BUFFERED_MESSAGES - len(buffered)])

    async def refresh(self) -> None:
        """Reads the pauses and resumes threads whose pause has ended. Raises
        ``UnavailableError``.
        """
        remaining = await self._pauses.list_pauses()
        now = self._clock()
        before, self._until = self._until, {key: now + each for key, each in remaining.items()}
        for thread_id in before.keys() - self._until.keys():
            self._resume(thread_id, self._buffered.pop(thread_id, []))
