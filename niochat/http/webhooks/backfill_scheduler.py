"""Back-fills a channel before its next webhook is stored, so that messages keep their order.

A message that arrived while nobody answered exists only in the gateway's store. If the customer's
next message were stored first, the order would be lost. So after a start, or after the database
was unavailable, the first webhook of a channel waits until the channel is back-filled.

Rejected webhooks have the same effect, but they continue: one back-fill for each of them would
cost more than storing it. Their back-fills are scheduled with a distance, and each channel uses
only a share of the time for them. Until then the webhooks of the channel wait or are rejected too.

Webhooks are numbered as they arrive. A webhook that arrived before the missing ones need not wait.
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
"""The gateway's time for a back-fill that a webhook waits for; after it, the tenant's actor fills
later. A slow database has no limit: messages must not be stored in another order.
"""
FAILURE_BACKOFF_S = 5.0
"""The pause after a failed back-fill, so that a silent gateway does not slow every webhook."""
SCHEDULE_DELAY_S = 1.0
"""From a rejected webhook to its back-fill, which also fetches the webhooks rejected meanwhile."""
REST_FACTOR = 4.0
"""The pause after a back-fill, as a multiple of its duration: a channel uses a fifth of the
time.
"""
MAX_REST_S = 30.0
REST_FREE_S = 0.1
"""This much of a back-fill's duration needs no pause."""
MAX_SCHEDULE_WAIT_S = 2.0
"""Webhooks wait only for a back-fill that starts sooner; otherwise the channel is closed."""
SCHEDULED_FILL_TIMEOUT_S = 60.0
"""The gateway's time for a scheduled back-fill: few webhooks wait for it, and order depends on
it.
"""
MAX_SCHEDULED_FILLS = 2
"""Scheduled back-fills that run at once in this process."""

_NOTHING = math.inf


class BackfillScheduler:
    """Tracks which webhooks of each channel are missing, and runs the back-fills. ``poke`` is
    called with (thread, tenant), ``on_rejected`` with a channel.
    """

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
        """The first missing arrival by channel. A channel without an entry was never filled: all
        before its first webhook may be missing.
        """
        self._filling: dict[UUID, float] = {}
        """The first missing arrival that a running back-fill fetches. It may miss webhooks that are
        rejected meanwhile.
        """
        self._retry_at: dict[UUID, float] = {}
        self._resting_until: dict[UUID, float] = {}
        self._locks: defaultdict[UUID, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._scheduled: dict[UUID, tuple[float, asyncio.Task[None]]] = {}
        """The start and the task of the scheduled back-fill, by channel."""
        self._fill_slots = asyncio.Semaphore(MAX_SCHEDULED_FILLS)
        self._owner = BackgroundTaskSet("back-fills")

    def next_arrival(self) -> int:
        """Return the number of a webhook that arrives now."""
        self._arrivals += 1
        return self._arrivals

    async def wait_until_filled(self, channel: ChannelRecord, arrival: int) -> None:
        """Return once nothing before ``arrival`` is missing, or while the gateway does not answer.

        Raises ``UnavailableError`` if the database is unavailable, or if a scheduled back-fill
        takes too long (``crowded``).
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
        """Remember a webhook that could not be stored: the gateway may not repeat it. ``arrival``
        is None if the webhook was rejected before it had a number.
        """
        number = self.next_arrival() if arrival is None else arrival
        if channel_id in self._missed:
            self._missed[channel_id] = min(self._missed[channel_id], number)

    def record_rejected(self, channel: ChannelRecord, arrival: int) -> None:
        """Remember a rejected webhook and schedule its back-fill, even if no other webhook of the
        channel follows.
        """
        self.record_missed(channel.id, arrival)
        self._schedule(channel)
        self._on_rejected(channel.id)

    def record_rejected_elsewhere(self, channel_id: UUID) -> None:
        """Remember that another replica rejected a webhook of the channel."""
        if channel_id in self._missed:  # else its first webhook waits for a back-fill anyway
            self.record_missed(channel_id)
            soon = self._clock() + SCHEDULE_DELAY_S
            self._resting_until[channel_id] = max(self._resting_until.get(channel_id, soon), soon)

    def closed_for_s(self, channel_id: UUID) -> float:
        """Return for how long no webhook of the channel can be stored in order; 0: it is open."""
        if channel_id not in self._scheduled or self._is_backing_off(channel_id):
            return 0.0
        wait_s = self._scheduled[channel_id][0] - self._clock()
        return wait_s if wait_s > MAX_SCHEDULE_WAIT_S else 0.0

    def _is_behind(self, channel_id: UUID, arrival: int) -> bool:
        """Return whether a webhook must wait. It need not just after a failed back-fill."""
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
            self._schedule(channel)  # for webhooks that were rejected meanwhile

    async def _fill(self, channel: ChannelRecord, within_s: float, *, deeper: bool = False) -> bool:
        """Back-fill the channel. Return whether it succeeded."""
        mark, began, filled = self._missed.get(channel.id, 0), self._clock(), False
        self._filling[channel.id], self._missed[channel.id] = mark, _NOTHING
        try:
            await self._fetch(channel, within_s, deeper)
            filled = True
        except NiochatError as error:
            if isinstance(error, UnavailableError) and error.code == "database":
                raise  # the webhook cannot be stored either: 503
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
