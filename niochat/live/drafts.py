"""The assistant's words while they come: told to screens, some times a second, the newest alone."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from uuid import UUID

from niochat.domain.permissions import ConversationOwner
from niochat.live.passing import Passing, Writing
from niochat.runtime.tasks import Owner

EVERY_S = 0.2
MOST_ON_THEIR_WAY = 50
"""Drafts that are being told; further ones are dropped, the next one says all of it anyway."""
MOST_TURNS = 1_000
_WITH_ASSISTANT = ConversationOwner(None, None)


class Drafts:
    """Tells what turns are writing. ``say`` may be slow, or fail: nobody waits for it."""

    def __init__(
        self,
        say: Callable[[bytes], Awaitable[object]],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._say = say
        self._clock = clock
        self._owner = Owner("drafts")
        self._told: dict[UUID, float] = {}

    def write(self, tenant_id: UUID, conversation_id: UUID, turn_id: UUID, text: str) -> None:
        """All of it so far; what comes too soon is left out."""
        now = self._clock()
        if now - self._told.get(turn_id, -EVERY_S) < EVERY_S:
            return
        if len(self._told) >= MOST_TURNS:
            self._told.clear()  # who still writes is told once too often
        self._told[turn_id] = now
        writing = Writing(conversation_id=conversation_id, turn_id=turn_id, text=text)
        words = Passing.of(tenant_id, writing, _WITH_ASSISTANT).words()
        self._owner.offer(lambda: self._tell(words), MOST_ON_THEIR_WAY)

    async def _tell(self, words: bytes) -> None:
        async with asyncio.timeout(2):
            await self._say(words)
