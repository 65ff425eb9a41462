"""The assistant's words while they come: told to screens, some times a second, the newest alone."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from uuid import UUID

from niochat.domain.permissions import ConversationOwner
from niochat.live.ephemeral import DraftFrame, FrameEnvelope
from niochat.runtime.background_tasks import BackgroundTaskSet

MIN_INTERVAL_S = 0.2
MAX_IN_FLIGHT = 50
"""Drafts that are being told; further ones are dropped, the next one says all of it anyway."""
MAX_TURNS = 1_000
_WITH_ASSISTANT = ConversationOwner(None, None)


class AssistantDraftPublisher:
    """Tells what turns are writing. ``say`` may be slow, or fail: nobody waits for it."""

    def __init__(
        self,
        publish: Callable[[bytes], Awaitable[object]],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._publish = publish
        self._clock = clock
        self._background = BackgroundTaskSet("drafts")
        self._published_at: dict[UUID, float] = {}

    def publish_draft(
        self, tenant_id: UUID, conversation_id: UUID, turn_id: UUID, text: str
    ) -> None:
        """All of it so far; what comes too soon is left out."""
        now = self._clock()
        if now - self._published_at.get(turn_id, -MIN_INTERVAL_S) < MIN_INTERVAL_S:
            return
        if len(self._published_at) >= MAX_TURNS:
            self._published_at.clear()  # who still writes is told once too often
        self._published_at[turn_id] = now
        frame = DraftFrame(conversation_id=conversation_id, turn_id=turn_id, text=text)
        words = FrameEnvelope.wrap(tenant_id, frame, _WITH_ASSISTANT).encode()
        self._background.try_start(lambda: self._publish_frame(words), MAX_IN_FLIGHT)

    async def _publish_frame(self, words: bytes) -> None:
        async with asyncio.timeout(2):
            await self._publish(words)
