"""After any time away, what the gateway gave up on is stored before what it sends now.

A message that came while nobody answered lies in the gateway's store only. If the next one of
the same customer were stored first, their order would be lost for ever. So the first webhook
of a channel, after a start or after the database was away, waits until the channel is filled.
"""

import asyncio
import time
from collections import defaultdict
from collections.abc import Callable
from uuid import UUID

import structlog

from niochat.accounts.records import ChannelRecord
from niochat.domain.errors import NiochatError, Unavailable
from niochat.inbox.backfill import Backfill
from niochat.outbox.deliver import LineOf

_log = structlog.get_logger(__name__)

WITHIN_S = 4.0
"""A gateway that is slower keeps its webhooks waiting no longer; the tenant's actor fills later. A
slow database is waited for: what it holds up must not be stored in another order.
"""
AGAIN_AFTER_S = 5.0
"""After a fill that failed, so that a gateway without answers does not slow every webhook."""


class CatchUp:
    """Which channels this process has caught up with."""

    def __init__(
        self, backfill: Backfill, line_of: LineOf, poke: Callable[[UUID, UUID], None]
    ) -> None:
        self._backfill = backfill
        self._line_of = line_of
        self._poke = poke
        self._caught_up: set[UUID] = set()
        self._again_at: dict[UUID, float] = {}
        self._locks: defaultdict[UUID, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def before(self, channel: ChannelRecord) -> None:
        """Return once the channel is filled, or its gateway cannot be asked for now.

        Raises ``Unavailable`` when the database is away.
        """
        if self._done(channel.id):
            return
        async with self._locks[channel.id]:
            if not self._done(channel.id):
                await self._fill(channel)

    def missed(self, channel_id: UUID) -> None:
        """A webhook of the channel could not be stored: its gateway may not repeat it."""
        self._caught_up.discard(channel_id)

    def _done(self, channel_id: UUID) -> bool:
        """Caught up, or tried in vain a moment ago: webhooks are not kept waiting for long."""
        waits = time.monotonic() < self._again_at.get(channel_id, 0.0)
        return channel_id in self._caught_up or waits

    async def _fill(self, channel: ChannelRecord) -> None:
        line = self._line_of(channel.base_url, channel.token_sealed, channel.tenant_id)
        try:
            for each in await self._backfill.channels(channel.tenant_id):
                if each.id == channel.id:
                    for thread in await self._backfill.fill(each, line, WITHIN_S):
                        self._poke(thread, channel.tenant_id)
        except NiochatError as error:
            if isinstance(error, Unavailable) and error.code == "database":
                raise  # what cannot be filled cannot be stored either: 503, and again
            _log.warning("catch_up_put_off", channel=str(channel.id), error=repr(error))
            self._again_at[channel.id] = time.monotonic() + AGAIN_AFTER_S
        else:
            self._caught_up.add(channel.id)
