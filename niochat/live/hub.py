"""One replica's screens: who is there, what each may see, and the events on their way to them."""

import asyncio
import contextlib
from collections import defaultdict
from collections.abc import Iterable
from typing import Protocol
from uuid import UUID

import structlog

from niochat.domain.errors import InvalidInputError, UnavailableError
from niochat.domain.permissions import ConversationOwner
from niochat.live.ephemeral import FrameEnvelope
from niochat.live.event_log import EventLog, LoggedEvent
from niochat.live.frames import (
    Frame,
    encode_event_frame,
    encode_heartbeat_frame,
    encode_hidden_frame,
)
from niochat.live.log_position import LogPosition
from niochat.live.screen_counters import ScreenCounters, encode_queues_frame
from niochat.runtime.periodic_loop import run_periodically

_log = structlog.get_logger(__name__)

POLL_INTERVAL_S = 1.0
"""Without a hint, which may be lost."""
MIN_READ_INTERVAL_S = 0.02
"""Hints that come closer are one look."""
COUNT_INTERVAL_S = 1.0
MAX_MISSED_EVENTS = 1000
"""Events that a screen may catch up with; with more of them it refetches."""


class LiveScreen(Protocol):
    """One socket, as the hub sees it."""

    tenant_id: UUID
    user_id: UUID

    def can_see(self, holder: ConversationOwner) -> bool:
        """Whether its user may see a conversation that ``holder`` says whose it is."""
        ...

    def offer(self, frame: Frame) -> None:
        """Put it in line; a line that is full cuts the screen off."""
        ...

    def record_shown(self, conversation_id: UUID) -> None:
        """What it was just offered tells of this conversation."""
        ...

    def send_heartbeat(self, frame: Frame) -> None:
        """Where the log stands: put it in line, unless it was offered something since the last."""
        ...

    def offer_lossy(self, frame: Frame) -> bool:
        """Put it in line if there is room to spare; whether there was: what passes may be left
        out.
        """
        ...


class LiveHub:
    """Reads the log once for all screens of this replica."""

    def __init__(
        self, log: EventLog, counters: ScreenCounters, max_missed: int = MAX_MISSED_EVENTS
    ) -> None:
        self._log = log
        self._max_missed = max_missed
        self._counters = counters
        self._screens: defaultdict[UUID, set[LiveScreen]] = defaultdict(set)
        self._position: LogPosition | None = None
        self._last_counts: dict[LiveScreen, Frame] = {}
        """The last count that each screen was told."""
        self._hinted = asyncio.Event()
        self._read_lock = asyncio.Lock()
        """Whoever joins does so between two looks: each event is read for all, or caught up."""

    def __len__(self) -> int:
        return sum(len(screens) for screens in self._screens.values())

    @property
    def position(self) -> LogPosition | None:
        """Up to where the log was read; None while nobody is here."""
        return self._position

    def notify(self) -> None:
        """There may be something new."""
        self._hinted.set()

    async def join(self, screen: LiveScreen, since: LogPosition | None) -> "JoiningScreen":
        """The screen gets what happens from now on, first into what is returned: it is to send
        what was missed since it stood at ``since``, then what came meanwhile, then be admitted.
        Raises ``UnavailableError``.
        """
        async with self._read_lock:
            if self._position is None:
                self._position = await self._log.load_end()
            # What the hub offers comes behind it.
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
        """It has sent everything: from now on frames go to the screen itself."""
        screens = self._screens[joining.tenant_id]
        screens.remove(joining)
        screens.add(joining.screen)
        self._counters.mark_changed(joining.tenant_id)

    def receive_envelope(self, words: bytes) -> None:
        """A passing frame of some replica, also of this one."""
        try:
            self.deliver_envelope(FrameEnvelope.decode(words))
        except InvalidInputError as error:
            _log.warning("passing_ignored", code=error.code)

    def deliver_envelope(self, passing: FrameEnvelope) -> None:
        """To whoever it is for, and is here."""
        frame = passing.frame.encode()
        for screen in self._screens.get(passing.tenant_id, ()):
            meant = passing.user_id in (None, screen.user_id)
            if meant and (passing.holder is None or screen.can_see(passing.holder)):
                screen.offer_lossy(frame)

    def leave(self, screen: LiveScreen) -> None:
        """It gets nothing any more."""
        self._last_counts.pop(screen, None)
        screens = self._screens.get(screen.tenant_id)
        if screens is not None:
            screens.discard(screen)
            if not screens:
                del self._screens[screen.tenant_id]

    def send_heartbeats(self) -> None:
        """Tell all where the log stands, each behind what it was offered: a position that a screen
        resumes from must never go back.
        """
        if self._position is None:
            return
        standing = encode_heartbeat_frame(self._position)
        for screens in self._screens.values():
            for screen in screens:
                screen.send_heartbeat(standing)

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
        """One look into the log; whether there is more at once."""
        async with self._read_lock:
            if self._position is None or not self._screens:
                self._position = None  # who comes next begins at the log's end
                return False
            look = await self._log.read_after(self._position, list(self._screens))
            self._position = look.end
            for happened in look.events:
                offer_event(list(self._screens.get(happened.tenant_id, ())), happened)
                self._counters.record_event(happened)
            return look.has_more

    async def run_counts(self) -> None:
        """Send queue and unread counts that changed, until cancelled."""
        await run_periodically("live_counts_failed", COUNT_INTERVAL_S, self.send_counts)

    async def send_counts(self) -> None:
        """What has changed since the last count, to those who may see it."""
        for tenant_id, waiting in (await self._counters.count_queues(self._screens)).items():
            for screen in self._screens.get(tenant_id, ()):
                self._send_count(screen, encode_queues_frame(waiting, screen.can_see))
        for unread in await self._counters.count_unread():
            self.deliver_envelope(unread)

    def _send_count(self, screen: LiveScreen, frame: Frame) -> None:
        """Once: another screen that came, or a queue it does not see, changed nothing for it."""
        if self._last_counts.get(screen) != frame and screen.offer_lossy(frame):
            self._last_counts[screen] = frame

    async def _load_missed(
        self, joining: "JoiningScreen", since: LogPosition
    ) -> list[Frame] | None:
        if since.epoch != joining.position.epoch:
            return None  # of before a restore: what was there then need not be there now
        found, position, more = _FrameBuffer(joining.screen, self._max_missed), since, True
        while more and position < joining.position:
            look = await self._log.read_missed(position, joining.tenant_id, joining.position)
            for happened in look.events:
                offer_event([found], happened)
            if len(found.frames) > self._max_missed:
                return None
            position, more = look.end, look.has_more
        return found.frames


class _FrameBuffer:
    """Frames for one screen that is not offered them yet."""

    def __init__(self, screen: LiveScreen, most: int) -> None:
        self.tenant_id = screen.tenant_id
        self.user_id = screen.user_id
        self.screen = screen
        self.frames: list[Frame] = []
        self._max_frames = most

    def can_see(self, holder: ConversationOwner) -> bool:
        """As the screen does."""
        return self.screen.can_see(holder)

    def record_shown(self, conversation_id: UUID) -> None:
        """As the screen does."""
        self.screen.record_shown(conversation_id)

    def send_heartbeat(self, frame: Frame) -> None:
        """Kept, in its order."""
        self.offer(frame)

    def offer_lossy(self, frame: Frame) -> bool:
        """Left out: it will have passed by then."""
        return False

    def offer(self, frame: Frame) -> None:
        """Kept; one more than is ever sent."""
        if len(self.frames) <= self._max_frames:
            self.frames.append(frame)


class JoiningScreen(_FrameBuffer):
    """A screen that catches up: what happens meanwhile is kept, so that its order is the log's."""

    def __init__(self, screen: LiveScreen, position: LogPosition, most: int) -> None:
        super().__init__(screen, most)
        self.position = position
        """Where the log stood when it joined."""
        self.missed_frames: list[Frame] | None = None
        """None: nobody knows what it missed, or it was too much: it refetches."""

    def take_buffered(self) -> list[Frame]:
        """What came meanwhile. Raises ``UnavailableError`` when that was too much to keep."""
        if len(self.frames) > self._max_frames:
            raise UnavailableError(
                "Too many events happened meanwhile. Connect again.", code="slow"
            )
        taken, self.frames = self.frames, []
        return taken


def offer_event(screens: Iterable[LiveScreen], happened: LoggedEvent) -> None:
    """The event to those who may see its conversation; to the others that they see it no more,
    where it may just have left their sight.
    """
    shown = hidden = None
    holder = ConversationOwner(happened.conversation["agent"], happened.conversation["team"])
    for screen in screens:
        if screen.can_see(holder):
            shown = shown or encode_event_frame(happened)
            screen.offer(shown)
            screen.record_shown(happened.conversation["id"])
        elif happened.type in VISIBILITY_CHANGING_EVENTS:
            hidden = hidden or encode_hidden_frame(happened)
            screen.offer(hidden)


VISIBILITY_CHANGING_EVENTS = frozenset(
    {
        "conversation_handed_off",
        "conversation_assigned",
        "conversation_transferred",
        "conversation_given_back",
        "conversation_reopened",
    }
)
"""Events after which somebody may see a conversation no more."""
