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

from niochat.domain.errors import NiochatError, UnavailableError
from niochat.inbox.backfill import Backfiller
from niochat.ports.gateway import CredentialsOpener
from niochat.runtime.background_tasks import BackgroundTaskSet
from niochat.tenants.config_records import ChannelRecord

_log = structlog.get_logger(__name__)

FILL_TIMEOUT_S = 4.0
"""A gateway that is slower keeps its webhooks waiting no longer; the tenant's actor fills later. A
slow database is waited for: what it holds up must not be stored in another order.
"""
FAILURE_BACKOFF_S = 5.0
"""After a fill that failed, so that a gateway without answers does not slow every webhook."""
SCHEDULE_DELAY_S = 1.0
"""From what was turned away to its fill, which then brings what came with it as well."""
REST_FACTOR = 4.0
"""Times as long as a fill took, its channel's next one waits: one fifth of the time is for it."""
MAX_REST_S = 30.0
REST_FREE_S = 0.1
"""A fill needs no rest for so much of its time."""
MAX_SCHEDULE_WAIT_S = 2.0
"""A planned fill that begins later lets nobody wait for it: the channel is closed."""
SCHEDULED_FILL_TIMEOUT_S = 60.0
"""The gateway's time for a planned fill: hardly anybody waits for it, and order depends on it."""
MAX_SCHEDULED_FILLS = 2
"""Planned ones, in this process."""

_NOTHING = math.inf


class BackfillScheduler:
    """Which channels this process has caught up with."""

    def __init__(
        self,
        backfill: Backfiller,
        credentials_for: CredentialsOpener,
        poke: Callable[[UUID, UUID], None],
        *,
        on_rejected: Callable[[UUID], None] = lambda channel_id: None,
        within_s: float = FILL_TIMEOUT_S,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._backfill = backfill
        self._credentials_for = credentials_for
        self._poke = poke
        self._on_rejected = on_rejected
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
        self._retry_at: dict[UUID, float] = {}
        self._resting_until: dict[UUID, float] = {}
        self._locks: defaultdict[UUID, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._scheduled: dict[UUID, tuple[float, asyncio.Task[None]]] = {}
        """When the channel's fill begins, and who does it."""
        self._fill_slots = asyncio.Semaphore(MAX_SCHEDULED_FILLS)
        self._owner = BackgroundTaskSet("catch up")

    def next_arrival(self) -> int:
        """The number of a webhook that comes in now."""
        self._arrivals += 1
        return self._arrivals

    async def wait_until_filled(self, channel: ChannelRecord, arrival: int) -> None:
        """Return once nothing is missing that came before, or the gateway cannot be asked for now.

        Raises ``UnavailableError`` when the database is away, or a planned fill takes too long
        (``crowded``).
        """
        until = self._clock() + self._within_s
        while self._is_behind(channel.id, arrival):
            if channel.id not in self._scheduled and self._is_resting(channel.id):
                self._schedule(channel)
            if channel.id in self._scheduled:
                await self._wait_for_fill(channel.id, until)
                continue
            async with self._locks[channel.id]:
                if self._is_behind(channel.id, arrival):
                    await self._fill(channel, self._within_s)

    def record_missed(self, channel_id: UUID, arrival: int | None = None) -> None:
        """A webhook of the channel could not be stored: its gateway may not repeat it.
        ``arrival``: none for who was turned away before it had a number.
        """
        number = self.next_arrival() if arrival is None else arrival
        if channel_id in self._missed:
            self._missed[channel_id] = min(self._missed[channel_id], number)

    def record_rejected(self, channel: ChannelRecord, arrival: int) -> None:
        """The same for want of a place here: it is fetched even if nothing of the channel comes."""
        self.record_missed(channel.id, arrival)
        self._schedule(channel)
        self._on_rejected(channel.id)

    def record_rejected_elsewhere(self, channel_id: UUID) -> None:
        """Another replica turned a webhook of the channel away just now."""
        if channel_id in self._missed:  # else its first webhook here waits for a fill anyway
            self.record_missed(channel_id)
            soon = self._clock() + SCHEDULE_DELAY_S
            self._resting_until[channel_id] = max(self._resting_until.get(channel_id, soon), soon)

    def closed_for_s(self, channel_id: UUID) -> float:
        """For so long nothing of the channel can be stored in order; 0: it may come in."""
        if channel_id not in self._scheduled or self._is_backing_off(channel_id):
            return 0.0
        wait_s = self._scheduled[channel_id][0] - self._clock()
        return wait_s if wait_s > MAX_SCHEDULE_WAIT_S else 0.0

    def _is_behind(self, channel_id: UUID, arrival: int) -> bool:
        """Not if it was tried in vain a moment ago: webhooks are not kept waiting for long."""
        first = min(self._missed.get(channel_id, 0), self._filling.get(channel_id, _NOTHING))
        return first < arrival and not self._is_backing_off(channel_id)

    def _is_backing_off(self, channel_id: UUID) -> bool:
        return self._clock() < self._retry_at.get(channel_id, -math.inf)

    def _is_resting(self, channel_id: UUID) -> bool:
        return self._clock() < self._resting_until.get(channel_id, -math.inf)

    async def _wait_for_fill(self, channel_id: UUID, until: float) -> None:
        _, task = self._scheduled[channel_id]
        done, _ = await asyncio.wait([task], timeout=max(until - self._clock(), 0.0))
        if not done:
            raise UnavailableError(
                "The channel is being back-filled. Send the webhook again later.", code="crowded"
            )

    def _schedule(self, channel: ChannelRecord) -> None:
        if channel.id in self._scheduled:
            return
        begins = max(
            self._clock() + SCHEDULE_DELAY_S,
            self._resting_until.get(channel.id, 0.0),
            self._retry_at.get(channel.id, 0.0),
        )
        self._scheduled[channel.id] = (
            begins,
            self._owner.start(self._run_scheduled_fill(channel, begins)),
        )

    async def _run_scheduled_fill(self, channel: ChannelRecord, begins: float) -> None:
        filled = False
        try:
            await self._sleep(begins - self._clock())
            async with self._fill_slots, self._locks[channel.id]:
                filled = await self._fill(channel, SCHEDULED_FILL_TIMEOUT_S, deeper=True)
        except UnavailableError as error:
            _log.warning("catch_up_put_off", channel=str(channel.id), error=repr(error))
        finally:
            del self._scheduled[channel.id]
        if filled and self._missed[channel.id] != _NOTHING:
            self._schedule(channel)  # of those who were turned away meanwhile

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
            self._retry_at[channel.id] = self._clock() + FAILURE_BACKOFF_S
        finally:
            del self._filling[channel.id]
            if not filled:
                self._missed[channel.id] = min(self._missed[channel.id], mark)
            took_s = max(self._clock() - began - REST_FREE_S, 0.0)
            self._resting_until[channel.id] = self._clock() + min(took_s * REST_FACTOR, MAX_REST_S)
        return filled

    async def _fetch(self, channel: ChannelRecord, within_s: float, deeper: bool) -> None:
        credentials = self._credentials_for(
            channel.kind, channel.base_url, channel.token_sealed, channel.tenant_id
        )
        for each in await self._backfill.list_channels(channel.tenant_id):
            if each.id == channel.id:
                threads = await self._backfill.fill(each, credentials, within_s, deeper=deeper)
                for thread in threads:
                    self._poke(thread, channel.tenant_id)
