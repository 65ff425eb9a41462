"""The live hub reads the event log once for all screens of a replica and sends each screen the
events that its user may see.
"""

import asyncio
import contextlib
from collections import defaultdict
from collections.abc import Collection, Iterable
from typing import Protocol
from uuid import UUID

import structlog

from niochat.domain.errors import InvalidInputError, UnavailableError
from niochat.domain.permissions import ConversationOwner
from niochat.live.ephemeral_frames import FrameEnvelope
from niochat.live.event_log import EventLog, LoggedEvent
from niochat.live.frames import (
    Frame,
    encode_event_frame,
    encode_heartbeat_frame,
    encode_hidden_frame,
)
from niochat.live.log_position import LogPosition
from niochat.live.screen_counters import ScreenCounters, encode_queues_frame
from niochat.live.viewer_registry import ViewerRegistry
from niochat.runtime.periodic_loop import run_periodically

_log = structlog.get_logger(__name__)

POLL_INTERVAL_S = 1.0
"""Time between reads without a hint, because hints may be lost."""
MIN_READ_INTERVAL_S = 0.02
"""Time between reads with hints. Hints within this time lead to one read."""
COUNT_INTERVAL_S = 1.0
MAX_MISSED_EVENTS = 1000
"""Missed events that a screen gets after a reconnection. After more of them it must refetch."""


class LiveScreen(Protocol):
    """A screen: one socket of a user."""

    tenant_id: UUID
    user_id: UUID

    def can_see(self, holder: ConversationOwner) -> bool:
        """Whether its user may see a conversation with this agent and team."""
        ...

    def offer(self, frame: Frame) -> None:
        """Queues a frame. If the queue is full, the screen is disconnected."""
        ...

    def record_shown(self, conversation_id: UUID) -> None:
        """Called after a frame of this conversation was offered."""
        ...

    def send_heartbeat(self, frame: Frame) -> None:
        """Queues a heartbeat, unless another frame was offered since the last one."""
        ...

    def offer_lossy(self, frame: Frame) -> bool:
        """Queues an ephemeral frame if there is room to spare; returns whether there was."""
        ...


class LiveHub:
    """Distributes events and ephemeral frames to the screens of this replica."""

    def __init__(
        self, log: EventLog, counters: ScreenCounters, max_missed: int = MAX_MISSED_EVENTS
    ) -> None:
        self._log = log
        self._max_missed = max_missed
        self._counters = counters
        self._viewers = ViewerRegistry()
        self._screens: defaultdict[UUID, set[LiveScreen]] = defaultdict(set)
        self._position: LogPosition | None = None
        self._last_counts: dict[LiveScreen, Frame] = {}
        """The last counts that each screen got."""
        self._hinted = asyncio.Event()
        self._read_lock = asyncio.Lock()
        """A screen joins between two reads, so that it gets each event once: from a read, or as a
        missed event.
        """

    def __len__(self) -> int:
        return sum(len(screens) for screens in self._screens.values())

    @property
    def tenants(self) -> Collection[UUID]:
        """The tenants that have screens on this replica."""
        return self._screens.keys()

    @property
    def position(self) -> LogPosition | None:
        """Up to where the log was read; ``None`` while there are no screens."""
        return self._position

    def notify(self) -> None:
        """Hints that the log may have new events."""
        self._hinted.set()

    async def join(self, screen: LiveScreen, since: LogPosition | None) -> "JoiningScreen":
        """Adds a screen. New events are buffered in the returned object until it is admitted.

        The caller sends the events missed since ``since``, then the buffered ones, then calls
        ``admit``. Raises ``UnavailableError``.
        """
        async with self._read_lock:
            if self._position is None:
                self._position = await self._log.load_end()
            # The hub offers only events after this position.
            joining = JoiningScreen(screen, self._position, self._max_missed)
            self._screens[screen.tenant_id].add(joining)
        try:
            if since is not None:
                joining.missed_frames = await self._load_missed(joining, since)
        except BaseException:
            self.leave(joining)
            raise
        return joining

    def admit(self, joining: "JoiningScreen") -> None:
        """Ends the joining: from now on, frames go directly to the screen. It is told who views
        which conversation, as far as its queue has room.
        """
        screens = self._screens[joining.tenant_id]
        screens.remove(joining)
        screens.add(joining.screen)
        for frame, holder in self._viewers.frames_of(joining.tenant_id):
            if holder is None or joining.screen.can_see(holder):
                joining.screen.offer_lossy(frame)
        self._counters.mark_changed(joining.tenant_id)

    def receive_envelope(self, data: bytes) -> None:
        """Delivers an ephemeral frame of any replica, including this one."""
        try:
            self.deliver_envelope(FrameEnvelope.decode(data))
        except InvalidInputError as error:
            _log.warning("ephemeral_frame_ignored", code=error.code)

    def deliver_envelope(self, envelope: FrameEnvelope) -> None:
        """Offers the frame to its recipients on this replica."""
        self._viewers.record(envelope)
        frame = envelope.frame.encode()
        for screen in self._screens.get(envelope.tenant_id, ()):
            addressed = envelope.user_id in (None, screen.user_id)
            if addressed and (envelope.holder is None or screen.can_see(envelope.holder)):
                screen.offer_lossy(frame)

    def leave(self, screen: LiveScreen) -> None:
        """Removes a screen."""
        self._last_counts.pop(screen, None)
        screens = self._screens.get(screen.tenant_id)
        if screens is not None:
            screens.discard(screen)
            if not screens:
                del self._screens[screen.tenant_id]

    def send_heartbeats(self) -> None:
        """Sends the log position to all screens, after the frames that each was offered. The
        position from which a screen resumes must never go back.
        """
        if self._position is None:
            return
        heartbeat = encode_heartbeat_frame(self._position)
        for screens in self._screens.values():
            for screen in screens:
                screen.send_heartbeat(heartbeat)

    async def run(self) -> None:
        """Read the log and offer its events to the screens, until cancelled."""
        await run_periodically(
            "live_log_read_failed", MIN_READ_INTERVAL_S, self._read_when_hinted, first_at_once=True
        )

    async def _read_when_hinted(self) -> None:
        """Wait for a hint, but no longer than one poll interval, then read all that is new."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(POLL_INTERVAL_S):
                await self._hinted.wait()
        self._hinted.clear()
        while await self.read_log():
            pass

    async def read_log(self) -> bool:
        """Reads the log once; returns whether more events are available now."""
        async with self._read_lock:
            if self._position is None or not self._screens:
                self._position = None  # the next screen begins at the end of the log
                return False
            result = await self._log.read_after(self._position, list(self._screens))
            self._position = result.end
            for event in result.events:
                offer_event(list(self._screens.get(event.tenant_id, ())), event)
                self._counters.record_event(event)
            return result.has_more

    async def run_counts(self) -> None:
        """Send queue and unread counts that changed, until cancelled."""
        await run_periodically("live_counts_failed", COUNT_INTERVAL_S, self.send_counts)

    async def send_counts(self) -> None:
        """Sends the counts that have changed to the screens that may see them."""
        for tenant_id, waiting in (await self._counters.count_queues(self._screens)).items():
            for screen in self._screens.get(tenant_id, ()):
                self._send_count(screen, encode_queues_frame(waiting, screen.can_see))
        for unread in await self._counters.count_unread():
            self.deliver_envelope(unread)

    def _send_count(self, screen: LiveScreen, frame: Frame) -> None:
        """Sends a count unless the screen got the same one last."""
        if self._last_counts.get(screen) != frame and screen.offer_lossy(frame):
            self._last_counts[screen] = frame

    async def _load_missed(
        self, joining: "JoiningScreen", since: LogPosition
    ) -> list[Frame] | None:
        if since.epoch != joining.position.epoch:
            return None  # from before a restore, which may have lost events of that time
        missed, position, more = _FrameBuffer(joining.screen, self._max_missed), since, True
        while more and position < joining.position:
            result = await self._log.read_missed(position, joining.tenant_id, joining.position)
            for event in result.events:
                offer_event([missed], event)
            if len(missed.frames) > self._max_missed:
                return None
            position, more = result.end, result.has_more
        return missed.frames


class _FrameBuffer:
    """Buffers frames of one screen."""

    def __init__(self, screen: LiveScreen, max_frames: int) -> None:
        self.tenant_id = screen.tenant_id
        self.user_id = screen.user_id
        self.screen = screen
        self.frames: list[Frame] = []
        self._max_frames = max_frames

    def can_see(self, holder: ConversationOwner) -> bool:
        """Asks the screen."""
        return self.screen.can_see(holder)

    def record_shown(self, conversation_id: UUID) -> None:
        """Tells the screen."""
        self.screen.record_shown(conversation_id)

    def send_heartbeat(self, frame: Frame) -> None:
        """Buffers the heartbeat in its order."""
        self.offer(frame)

    def offer_lossy(self, frame: Frame) -> bool:
        """Drops the frame, which will be outdated when the screen has joined."""
        return False

    def offer(self, frame: Frame) -> None:
        """Buffers the frame, up to one more than the limit, which shows an overflow."""
        if len(self.frames) <= self._max_frames:
            self.frames.append(frame)


class JoiningScreen(_FrameBuffer):
    """A screen that catches up with missed events. It buffers new frames meanwhile, so that the
    screen gets all events in the order of the log.
    """

    def __init__(self, screen: LiveScreen, position: LogPosition, max_frames: int) -> None:
        super().__init__(screen, max_frames)
        self.position = position
        """The position of the log at the time of joining."""
        self.missed_frames: list[Frame] | None = None
        """``None`` if the missed events are unknown or too many, so that the screen must
        refetch.
        """

    def take_buffered(self) -> list[Frame]:
        """Removes and returns the buffered frames. Raises ``UnavailableError`` (``slow``) if there
        were too many.
        """
        if len(self.frames) > self._max_frames:
            raise UnavailableError(
                "Too many events happened meanwhile. Connect again.", code="slow"
            )
        taken, self.frames = self.frames, []
        return taken


def offer_event(screens: Iterable[LiveScreen], event: LoggedEvent) -> None:
    """Offers the event to screens that may see its conversation. The other screens get a frame that
    hides the conversation if the event may have made it invisible to them.
    """
    shown = hidden = None
    holder = ConversationOwner(event.conversation["agent"], event.conversation["team"])
    for screen in screens:
        if screen.can_see(holder):
            shown = shown or encode_event_frame(event)
            screen.offer(shown)
            screen.record_shown(event.conversation["id"])
        elif event.type in VISIBILITY_CHANGING_EVENTS:
            hidden = hidden or encode_hidden_frame(event)
            screen.offer(hidden)


VISIBILITY_CHANGING_EVENTS = frozenset(
    {
        "conversation_handed_off",
        "conversation_assigned",
        "conversation_transferred",
        "conversation_given_back",
        "conversation_reopened",
        "conversation_reopened_for_team",
    }
)
"""Events that may make a conversation invisible to a user."""
