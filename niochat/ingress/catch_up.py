"""After any time away, what the gateway gave up on is stored before what it sends now.

A message that came while nobody answered lies in the gateway's store only. If the next one of
the same customer were stored first, their order would be lost for ever. So the first webhook
of a channel, after a start or after the database was away, waits until the channel is filled.

What a full line turned away is the same, only that it goes on: a fill for each webhook would cost
more than storing it. So those fills are planned: some time apart, and none may use more than a
part of the time. Until then the channel's webhooks wait in line, or are turned away as well.

Webhooks are numbered as they arrive. Who came before what was missed need not wait for it.
"""

import asyncio
import math
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable
from uuid import UUID

import structlog

from niochat.accounts.records import ChannelRecord
from niochat.domain.errors import NiochatError, UnavailableError
from niochat.inbox.backfill import Backfiller
from niochat.outbox.deliver import CredentialsOpener
from niochat.runtime.tasks import BackgroundTaskSet

_log = structlog.get_logger(__name__)

WITHIN_S = 4.0
"""A gateway that is slower keeps its webhooks waiting no longer; the tenant's actor fills later. A
slow database is waited for: what it holds up must not be stored in another order.
"""
AGAIN_AFTER_S = 5.0
"""After a fill that failed, so that a gateway without answers does not slow every webhook."""
GATHER_S = 1.0
"""From what was turned away to its fill, which then brings what came with it as well."""
REST = 4.0
"""Times as long as a fill took, its channel's next one waits: one fifth of the time is for it."""
LONGEST_REST_S = 30.0
UNNOTICED_S = 0.1
"""A fill needs no rest for so much of its time."""
PATIENCE_S = 2.0
"""A planned fill that begins later lets nobody wait for it: the channel is closed."""
PLANNED_WITHIN_S = 60.0
"""The gateway's time for a planned fill: hardly anybody waits for it, and order depends on it."""
FILLS_AT_ONCE = 2
"""Planned ones, in this process."""

_NOTHING = math.inf


class CatchUp:
    """Which channels this process has caught up with."""

    def __init__(
        self,
        backfill: Backfiller,
        line_of: CredentialsOpener,
        poke: Callable[[UUID, UUID], None],
        *,
        tell: Callable[[UUID], None] = lambda channel_id: None,
        within_s: float = WITHIN_S,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._backfill = backfill
        self._line_of = line_of
        self._poke = poke
        self._tell = tell
        self._within_s = within_s
        self._clock = clock
        self._sleep = sleep
        self._arrivals = 0
        self._missed: dict[UUID, float] = {}
        """The first arrival that only the gateway has. A channel that is not here was never
        filled: whatever came before the first of all.
        """
        self._filling: dict[UUID, float] = {}
        """The same, of what a fill is about to bring: who is turned away meanwhile, it may miss."""
        self._again_at: dict[UUID, float] = {}
        self._rests_until: dict[UUID, float] = {}
        self._locks: defaultdict[UUID, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._plans: dict[UUID, tuple[float, asyncio.Task[None]]] = {}
        """When the channel's fill begins, and who does it."""
        self._places = asyncio.Semaphore(FILLS_AT_ONCE)
        self._owner = BackgroundTaskSet("catch up")

    def arrived(self) -> int:
        """The number of a webhook that comes in now."""
        self._arrivals += 1
        return self._arrivals

    async def before(self, channel: ChannelRecord, arrival: int) -> None:
        """Return once nothing is missing that came before, or the gateway cannot be asked for now.

        Raises ``UnavailableError`` when the database is away, or a planned fill takes too long
        (``crowded``).
        """
        until = self._clock() + self._within_s
        while self._lacks(channel.id, arrival):
            if channel.id not in self._plans and self._rests(channel.id):
                self._plan(channel)
            if channel.id in self._plans:
                await self._wait_for(channel.id, until)
                continue
            async with self._locks[channel.id]:
                if self._lacks(channel.id, arrival):
                    await self._fill(channel, self._within_s)

    def missed(self, channel_id: UUID, arrival: int | None = None) -> None:
        """A webhook of the channel could not be stored: its gateway may not repeat it.
        ``arrival``: none for who was turned away before it had a number.
        """
        number = self.arrived() if arrival is None else arrival
        if channel_id in self._missed:
            self._missed[channel_id] = min(self._missed[channel_id], number)

    def turned_away(self, channel: ChannelRecord, arrival: int) -> None:
        """The same for want of a place here: it is fetched even if nothing of the channel comes."""
        self.missed(channel.id, arrival)
        self._plan(channel)
        self._tell(channel.id)

    def elsewhere(self, channel_id: UUID) -> None:
        """Another replica turned a webhook of the channel away just now."""
        if channel_id in self._missed:  # else its first webhook here waits for a fill anyway
            self.missed(channel_id)
            soon = self._clock() + GATHER_S
            self._rests_until[channel_id] = max(self._rests_until.get(channel_id, soon), soon)

    def closed_s(self, channel_id: UUID) -> float:
        """For so long nothing of the channel can be stored in order; 0: it may come in."""
        if channel_id not in self._plans or self._put_off(channel_id):
            return 0.0
        wait_s = self._plans[channel_id][0] - self._clock()
        return wait_s if wait_s > PATIENCE_S else 0.0

    def _lacks(self, channel_id: UUID, arrival: int) -> bool:
        """Not if it was tried in vain a moment ago: webhooks are not kept waiting for long."""
        first = min(self._missed.get(channel_id, 0), self._filling.get(channel_id, _NOTHING))
        return first < arrival and not self._put_off(channel_id)

    def _put_off(self, channel_id: UUID) -> bool:
        return self._clock() < self._again_at.get(channel_id, -math.inf)

    def _rests(self, channel_id: UUID) -> bool:
        return self._clock() < self._rests_until.get(channel_id, -math.inf)

    async def _wait_for(self, channel_id: UUID, until: float) -> None:
        _, task = self._plans[channel_id]
        done, _ = await asyncio.wait([task], timeout=max(until - self._clock(), 0.0))
        if not done:
            raise UnavailableError(
                "The channel is being back-filled. Send the webhook again later.", code="crowded"
            )

    def _plan(self, channel: ChannelRecord) -> None:
        if channel.id in self._plans:
            return
        begins = max(
            self._clock() + GATHER_S,
            self._rests_until.get(channel.id, 0.0),
            self._again_at.get(channel.id, 0.0),
        )
        self._plans[channel.id] = begins, self._owner.start(self._fill_later(channel, begins))

    async def _fill_later(self, channel: ChannelRecord, begins: float) -> None:
        filled = False
        try:
            await self._sleep(begins - self._clock())
            async with self._places, self._locks[channel.id]:
                filled = await self._fill(channel, PLANNED_WITHIN_S, deeper=True)
        except UnavailableError as error:
            _log.warning("catch_up_put_off", channel=str(channel.id), error=repr(error))
        finally:
            del self._plans[channel.id]
        if filled and self._missed[channel.id] != _NOTHING:
            self._plan(channel)  # of those who were turned away meanwhile

    async def _fill(self, channel: ChannelRecord, within_s: float, *, deeper: bool = False) -> bool:
        """Whether all is there that was missed before."""
        mark, began, filled = self._missed.get(channel.id, 0), self._clock(), False
        self._filling[channel.id], self._missed[channel.id] = mark, _NOTHING
        try:
            await self._fetch(channel, within_s, deeper)
            filled = True
        except NiochatError as error:
            if isinstance(error, UnavailableError) and error.code == "database":
                raise  # what cannot be filled cannot be stored either: 503, and again
            _log.warning("catch_up_put_off", channel=str(channel.id), error=repr(error))
            self._again_at[channel.id] = self._clock() + AGAIN_AFTER_S
        finally:
            del self._filling[channel.id]
            if not filled:
                self._missed[channel.id] = min(self._missed[channel.id], mark)
            took_s = max(self._clock() - began - UNNOTICED_S, 0.0)
            self._rests_until[channel.id] = self._clock() + min(took_s * REST, LONGEST_REST_S)
        return filled

    async def _fetch(self, channel: ChannelRecord, within_s: float, deeper: bool) -> None:
        line = self._line_of(channel.base_url, channel.token_sealed, channel.tenant_id)
        for each in await self._backfill.list_channels(channel.tenant_id):
            if each.id == channel.id:
                threads = await self._backfill.fill(each, line, within_s, deeper=deeper)
                for thread in threads:
                    self._poke(thread, channel.tenant_id)
