"""Who views which conversation now, for screens that connect."""

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from uuid import UUID

from niochat.domain.permissions import ConversationOwner
from niochat.live.ephemeral_frames import FrameEnvelope

VIEWING_TTL_S = 150.0
"""Time after which a viewer counts as gone without a repeat, as for clients."""
MAX_VIEWERS = 20_000
"""Viewers of all tenants that are remembered; of more, the ones seen last."""
_PREFIX = '{"type":"viewing"'
_ViewerKey = tuple[UUID, str, str]
"""Tenant, conversation and user."""


@dataclass(frozen=True, slots=True)
class _Viewer:
    frame: bytes
    holder: ConversationOwner | None
    seen_at: float


class ViewerRegistry:
    """Remembers the viewing frames that pass through a replica. A replica that has just started
    knows a viewer after the next repeat of its frame.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._viewers: dict[_ViewerKey, _Viewer] = {}

    def record(self, envelope: FrameEnvelope) -> None:
        """Remembers a viewer, or forgets one who has stopped. Other frames are ignored."""
        if not envelope.frame.startswith(_PREFIX):
            return
        frame = json.loads(envelope.frame)
        key = (envelope.tenant_id, frame["conversation_id"], frame["user_id"])
        self._viewers.pop(key, None)
        if not frame["viewing"]:
            return
        if len(self._viewers) >= MAX_VIEWERS:
            del self._viewers[next(iter(self._viewers))]
        self._viewers[key] = _Viewer(envelope.frame.encode(), envelope.holder, self._clock())

    def frames_of(self, tenant_id: UUID) -> Iterator[tuple[bytes, ConversationOwner | None]]:
        """Yields the frames of the tenant's current viewers, with the holders of the
        conversations. Viewers who are gone are forgotten.
        """
        oldest = self._clock() - VIEWING_TTL_S
        while self._viewers:
            key = next(iter(self._viewers))  # the one that was seen first
            if self._viewers[key].seen_at >= oldest:
                break
            del self._viewers[key]
        for key, viewer in list(self._viewers.items()):
            if key[0] == tenant_id:
                yield viewer.frame, viewer.holder
