"""Publishes what the assistant is doing: the text of a turn while the model writes it, and the
tools that it uses.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from uuid import UUID

from niochat.domain.permissions import ConversationOwner
from niochat.live.ephemeral_frames import DraftFrame, FrameEnvelope, ToolFrame
from niochat.runtime.background_tasks import BackgroundTaskSet

MIN_INTERVAL_S = 0.2
MAX_IN_FLIGHT = 50
"""Drafts that are being published. Further ones are dropped, because each contains the whole text.
"""
MAX_TURNS = 1_000
_WITH_ASSISTANT = ConversationOwner(None, None)


class AssistantDraftPublisher:
    """Publishes drafts to screens. ``publish`` may be slow or fail: no turn waits for it."""

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
        """Publishes the complete text so far, at most every ``MIN_INTERVAL_S`` for each turn."""
        now = self._clock()
        if now - self._published_at.get(turn_id, -MIN_INTERVAL_S) < MIN_INTERVAL_S:
            return
        if len(self._published_at) >= MAX_TURNS:
            self._published_at.clear()  # costs at most one early draft for each running turn
        self._published_at[turn_id] = now
        frame = DraftFrame(conversation_id=conversation_id, turn_id=turn_id, text=text)
        self._start_publishing(tenant_id, frame)

    def publish_tool(
        self, tenant_id: UUID, conversation_id: UUID, turn_id: UUID, tool: str, *, running: bool
    ) -> None:
        """Publishes that a tool starts or has ended."""
        frame = ToolFrame(
            conversation_id=conversation_id, turn_id=turn_id, tool=tool, running=running
        )
        self._start_publishing(tenant_id, frame)

    def _start_publishing(self, tenant_id: UUID, frame: DraftFrame | ToolFrame) -> None:
        envelope = FrameEnvelope.wrap(tenant_id, frame, _WITH_ASSISTANT).encode()
        self._background.try_start(lambda: self._publish_frame(envelope), MAX_IN_FLIGHT)

    async def _publish_frame(self, envelope: bytes) -> None:
        async with asyncio.timeout(2):
            await self._publish(envelope)
