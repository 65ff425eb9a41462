"""One replica's screens: who is there, what each may see, and the events on their way to them."""

import asyncio
from collections import defaultdict
from collections.abc import Iterable
from typing import Protocol
from uuid import UUID

import structlog

from niochat.domain.errors import InvalidInputError, NiochatError, UnavailableError
from niochat.domain.permissions import ConversationOwner
from niochat.live.counters import Counters, queues_frame
from niochat.live.frames import Frame, event_frame, hidden_frame, standing_frame
from niochat.live.log import EventLog, Happened
from niochat.live.passing import Passing
from niochat.live.position import Position

_log = structlog.get_logger(__name__)

LOOK_EVERY_S = 1.0
"""Without a hint, which may be lost."""
AT_MOST_EVERY_S = 0.02
"""Hints that come closer are one look."""
COUNT_EVERY_S = 1.0
MOST_MISSED = 1000
"""Events that a screen may catch up with; with more of them it refetches."""


class Screen(Protocol):
    """One socket, as the hub sees it."""

    tenant_id: UUID
    user_id: UUID

    def sees(self, holder: ConversationOwner) -> bool:
        """Whether its user may see a conversation that ``holder`` says whose it is."""
        ...

    def offer(self, frame: Frame) -> None:
        """Put it in line; a line that is full cuts the screen off."""
        ...

    def shown(self, conversation_id: UUID) -> None:
        """What it was just offered tells of this conversation."""
        ...

    def stand(self, frame: Frame) -> None:
        """Where the log stands: put it in line, unless it was offered something since the last."""
        ...

    def mention(self, frame: Frame) -> bool:
        """Put it in line if there is room to spare; whether there was: what passes may be left
        out.
        """
        ...


class Hub:
    """Reads the log once for all screens of this replica."""

    def __init__(self, log: EventLog, counters: Counters, most_missed: int = MOST_MISSED) -> None:
        self._log = log
        self._most_missed = most_missed
        self._counters = counters
        self._screens: defaultdict[UUID, set[Screen]] = defaultdict(set)
        self._upto: Position | None = None
        self._counted: dict[Screen, Frame] = {}
        """The last count that each screen was told."""
        self._news = asyncio.Event()
        self._reading = asyncio.Lock()
        """Whoever joins does so between two looks: each event is read for all, or caught up."""

    def __len__(self) -> int:
        return sum(len(screens) for screens in self._screens.values())

    @property
    def position(self) -> Position | None:
        """Up to where the log was read; None while nobody is here."""
        return self._upto

    def hint(self) -> None:
        """There may be something new."""
        self._news.set()

    async def join(self, screen: Screen, since: Position | None) -> "Joining":
        """The screen gets what happens from now on, first into what is returned: it is to send
        what was missed since it stood at ``since``, then what came meanwhile, then be admitted.
        Raises ``UnavailableError``.
        """
        async with self._reading:
            if self._upto is None:
                self._upto = await self._log.end()
            # What the hub offers comes behind it.
            joining = Joining(screen, self._upto, self._most_missed)
            self._screens[screen.tenant_id].add(joining)
        try:
            if since is not None:
                joining.missed = await self._missed(joining, since)
        except BaseException:
            self.leave(joining)
            raise
        return joining

    def admit(self, joining: "Joining") -> None:
        """It has sent everything: from now on frames go to the screen itself."""
        screens = self._screens[joining.tenant_id]
        screens.remove(joining)
        screens.add(joining.screen)
        self._counters.changed(joining.tenant_id)

    def hear(self, words: bytes) -> None:
        """A passing frame of some replica, also of this one."""
        try:
            self.pass_on(Passing.heard(words))
        except InvalidInputError as error:
            _log.warning("passing_ignored", code=error.code)

    def pass_on(self, passing: Passing) -> None:
        """To whoever it is for, and is here."""
        frame = passing.frame.encode()
        for screen in self._screens.get(passing.tenant_id, ()):
            meant = passing.user_id in (None, screen.user_id)
            if meant and (passing.holder is None or screen.sees(passing.holder)):
                screen.mention(frame)

    def leave(self, screen: Screen) -> None:
        """It gets nothing any more."""
        self._counted.pop(screen, None)
        screens = self._screens.get(screen.tenant_id)
        if screens is not None:
            screens.discard(screen)
            if not screens:
                del self._screens[screen.tenant_id]

    def stand(self) -> None:
        """Tell all where the log stands, each behind what it was offered: a position that a screen
        resumes from must never go back.
        """
        if self._upto is None:
            return
        standing = standing_frame(self._upto)
        for screens in self._screens.values():
            for screen in screens:
                screen.stand(standing)

    async def run_for_ever(self) -> None:
        """Read and offer, until it is cancelled."""
        while True:
            try:
                async with asyncio.timeout(LOOK_EVERY_S):
                    await self._news.wait()
            except TimeoutError:
                pass
            self._news.clear()
            try:
                while await self.look():
                    pass
            except NiochatError as error:
                _log.warning("live_put_off", code=error.code)
            except Exception as error:  # noqa: BLE001 - the loop must outlive any error
                _log.error("live_failed", exc_info=error)
            await asyncio.sleep(AT_MOST_EVERY_S)

    async def look(self) -> bool:
        """One look into the log; whether there is more at once."""
        async with self._reading:
            if self._upto is None or not self._screens:
                self._upto = None  # who comes next begins at the log's end
                return False
            look = await self._log.after(self._upto, list(self._screens))
            self._upto = look.upto
            for happened in look.happened:
                offer_to(list(self._screens.get(happened.tenant_id, ())), happened)
                self._counters.note(happened)
            return look.more

    async def count_for_ever(self) -> None:
        """Tell queues and unread messages where they changed, until it is cancelled."""
        while True:
            await asyncio.sleep(COUNT_EVERY_S)
            try:
                await self.count()
            except NiochatError as error:
                _log.warning("live_not_counted", code=error.code)
            except Exception as error:  # noqa: BLE001 - the loop must outlive any error
                _log.error("live_not_counted", exc_info=error)

    async def count(self) -> None:
        """What has changed since the last count, to those who may see it."""
        for tenant_id, waiting in (await self._counters.queues(self._screens)).items():
            for screen in self._screens.get(tenant_id, ()):
                self._count_for(screen, queues_frame(waiting, screen.sees))
        for unread in await self._counters.unread():
            self.pass_on(unread)

    def _count_for(self, screen: Screen, frame: Frame) -> None:
        """Once: another screen that came, or a queue it does not see, changed nothing for it."""
        if self._counted.get(screen) != frame and screen.mention(frame):
            self._counted[screen] = frame

    async def _missed(self, joining: "Joining", since: Position) -> list[Frame] | None:
        if since.epoch != joining.position.epoch:
            return None  # of before a restore: what was there then need not be there now
        found, position, more = _Collected(joining.screen, self._most_missed), since, True
        while more and position < joining.position:
            look = await self._log.missed(position, joining.tenant_id, joining.position)
            for happened in look.happened:
                offer_to([found], happened)
            if len(found.frames) > self._most_missed:
                return None
            position, more = look.upto, look.more
        return found.frames


class _Collected:
    """Frames for one screen that is not offered them yet."""

    def __init__(self, screen: Screen, most: int) -> None:
        self.tenant_id = screen.tenant_id
        self.user_id = screen.user_id
        self.screen = screen
        self.frames: list[Frame] = []
        self._most = most

    def sees(self, holder: ConversationOwner) -> bool:
        """As the screen does."""
        return self.screen.sees(holder)

    def shown(self, conversation_id: UUID) -> None:
        """As the screen does."""
        self.screen.shown(conversation_id)

    def stand(self, frame: Frame) -> None:
        """Kept, in its order."""
        self.offer(frame)

    def mention(self, frame: Frame) -> bool:
        """Left out: it will have passed by then."""
        return False

    def offer(self, frame: Frame) -> None:
        """Kept; one more than is ever sent."""
        if len(self.frames) <= self._most:
            self.frames.append(frame)


class Joining(_Collected):
    """A screen that catches up: what happens meanwhile is kept, so that its order is the log's."""

    def __init__(self, screen: Screen, position: Position, most: int) -> None:
        super().__init__(screen, most)
        self.position = position
        """Where the log stood when it joined."""
        self.missed: list[Frame] | None = None
        """None: nobody knows what it missed, or it was too much: it refetches."""

    def take(self) -> list[Frame]:
        """What came meanwhile. Raises ``UnavailableError`` when that was too much to keep."""
        if len(self.frames) > self._most:
            raise UnavailableError(
                "Too many events happened meanwhile. Connect again.", code="slow"
            )
        taken, self.frames = self.frames, []
        return taken


def offer_to(screens: Iterable[Screen], happened: Happened) -> None:
    """The event to those who may see its conversation; to the others that they see it no more,
    where it may just have left their sight.
    """
    shown = hidden = None
    holder = ConversationOwner(happened.conversation["agent"], happened.conversation["team"])
    for screen in screens:
        if screen.sees(holder):
            shown = shown or event_frame(happened)
            screen.offer(shown)
            screen.shown(happened.conversation["id"])
        elif happened.type in MOVES:
            hidden = hidden or hidden_frame(happened)
            screen.offer(hidden)


MOVES = frozenset(
    {
        "conversation_handed_off",
        "conversation_assigned",
        "conversation_transferred",
        "conversation_given_back",
        "conversation_reopened",
    }
)
"""Events after which somebody may see a conversation no more."""
